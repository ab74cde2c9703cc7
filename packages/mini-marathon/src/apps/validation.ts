import Joi from 'joi';
import type { ErrorDetail } from '../api-error';
import { invalidObject, wrongShape } from '../api-error';
import { appInput } from './app-schema';
import type { AppInput } from './definition';
import { withoutNulls } from './normalise';

/** A new app must say its id, an update may. */
const schemas = {
  create: appInput.keys({ id: Joi.string().required() }),
  update: appInput,
  updates: Joi.array()
    .items(appInput.keys({ id: Joi.string().required() }).optional())
    .required(),
} as const;

/** @throws ApiError 422 in one of the two forms of 4B.2 */
export function readApp(body: unknown, kind: 'create' | 'update'): AppInput {
  return checked(schemas[kind], body) as AppInput;
}

/** @throws ApiError 422 */
export function readApps(body: unknown): (AppInput & { id: string })[] {
  return checked(schemas.updates, body) as (AppInput & { id: string })[];
}

export function checked(schema: Joi.Schema, body: unknown): unknown {
  const { value, error } = schema.validate(withoutNulls(body), {
    abortEarly: false,
    convert: false,
    stripUnknown: { objects: false, arrays: false },
    allowUnknown: true,
  });
  if (error === undefined) return value as unknown;
  const shape = error.details.filter((item) => shapeError(item) !== undefined);
  if (shape.length > 0) throw wrongShape(grouped(shape, (item) => shapeError(item) ?? ''));
  throw invalidObject(grouped(error.details, ruleError));
}

const SHAPE_ERRORS: Readonly<Record<string, string>> = {
  'any.required': 'error.path.missing',
  'any.only': 'error.unknown.enum.literal',
  'alternatives.match': 'error.expected.jsstring',
  'alternatives.types': 'error.expected.jsstring',
  'array.base': 'error.expected.jsarray',
  'boolean.base': 'error.expected.jsboolean',
  'number.base': 'error.expected.jsnumber',
  'number.integer': 'error.expected.int',
  'object.base': 'error.expected.jsobject',
  'string.base': 'error.expected.jsstring',
};

const shapeError = (item: Joi.ValidationErrorItem): string | undefined => SHAPE_ERRORS[item.type];

function ruleError(item: Joi.ValidationErrorItem): string {
  const { limit, value } = (item.context ?? {}) as { limit?: number; value?: unknown };
  if (item.type === 'number.min') return `got ${String(value)}, expected ${limit} or more`;
  if (item.type === 'number.max') return `is greater than ${limit}`;
  if (item.type === 'string.empty') return 'must not be empty';
  return item.message;
}

/** One entry per path, its messages in order of appearance. */
function grouped(
  items: readonly Joi.ValidationErrorItem[],
  text: (item: Joi.ValidationErrorItem) => string,
): ErrorDetail[] {
  const byPath = new Map<string, string[]>();
  for (const item of items) {
    const path = marathonPath(item.path);
    byPath.set(path, [...(byPath.get(path) ?? []), text(item)]);
  }
  return [...byPath].map(([path, errors]) => ({ path, errors }));
}

function marathonPath(path: readonly (string | number)[]): string {
  const text = path.map((part) => (typeof part === 'number' ? `(${part})` : `/${part}`)).join('');
  return text === '' ? '/' : text;
}
