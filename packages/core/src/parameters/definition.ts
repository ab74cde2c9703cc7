import Joi from 'joi';
import type { Json } from '../words';

/**
 * How the text of `x-waiter-<name>` becomes a value (spec: services-and-tokens 1.6): `string` literally; `json` parsed,
 * literally if that fails; `list` split on commas; `map` collected from `x-waiter-<name>-<key>` headers.
 */
export type HeaderForm = 'string' | 'json' | 'list' | 'map';

export interface LineContext {
  /** Names of the configured profiles. */
  readonly profiles: readonly string[];
}

/** One row of the parameter table. */
export interface ParameterDefinition {
  readonly name: string;
  readonly header: HeaderForm;
  /** May be set by `/apps/<id>/override`. */
  readonly overridable: boolean;
  /** Must be present before a service may start. */
  readonly required: boolean;
  /** In the built-in settings; undefined: none. */
  readonly defaultValue: Json | undefined;
  /** Checks a present value; Joi's conversions are off. */
  readonly schema: Joi.Schema;
  /** What the client reads when the value is not accepted, or is missing though required. */
  readonly line: (value: Json | undefined, context: LineContext) => string;
  /** For the reference documentation and the JSON schema. */
  readonly summary: string;
}

export interface Options {
  readonly summary: string;
  readonly header?: HeaderForm;
  readonly overridable?: boolean;
  readonly required?: boolean;
  readonly defaultValue?: Json;
  readonly line?: string | ParameterDefinition['line'];
}

export function define(
  name: string,
  schema: Joi.Schema,
  line: string,
  options: Options,
): ParameterDefinition {
  const chosen = options.line ?? line;
  return {
    name,
    schema,
    header: options.header ?? 'json',
    overridable: options.overridable ?? false,
    required: options.required ?? false,
    defaultValue: options.defaultValue,
    line: typeof chosen === 'string' ? () => chosen : chosen,
    summary: options.summary,
  };
}

export const FILLED = Joi.string().pattern(/\S/);

/** A string that is not blank; as a header, literal. */
export function text(name: string, options: Options): ParameterDefinition {
  return define(name, FILLED, `${name} must be a non-empty string.`, { header: 'string', ...options });
}

export function integer(
  name: string,
  min: number,
  max: number | null,
  options: Options,
): ParameterDefinition {
  const schema = Joi.number().integer().min(min);
  return max === null
    ? define(name, schema, `${name} must be an integer of at least ${min}.`, options)
    : define(name, schema.max(max), `${name} must be an integer in the range [${min}, ${max}].`, options);
}

/** `range` as people write it: `(0, 1]` excludes 0 and includes 1. */
export function decimal(name: string, range: string, options: Options): ParameterDefinition {
  const match = /^([([])(\S+), (\S+)([)\]])$/.exec(range);
  const [, open, low, high, close] = match ?? [];
  const from = open === '(' ? Joi.number().greater(Number(low)) : Joi.number().min(Number(low));
  const schema = close === ')' ? from.less(Number(high)) : from.max(Number(high));
  return define(name, schema, `${name} must be a double in the range ${range}.`, options);
}

export function oneOf(
  name: string,
  values: readonly string[],
  line: string,
  options: Options,
): ParameterDefinition {
  return define(name, Joi.string().valid(...values), line, { header: 'string', ...options });
}

/** Null stands for "as the other parameter says". */
export function nullable(definition: ParameterDefinition): ParameterDefinition {
  return { ...definition, schema: definition.schema.allow(null) };
}
