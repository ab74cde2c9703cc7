import Joi from 'joi';
import type { Json } from '../words';
import { isMap } from '../json';

/** `env`, `metadata` and `allowed-params`: schemas and the lines of spec services-and-tokens 1.4 and 3.3. */
const MAX_ENTRIES = 100;
const VARIABLE_NAME = /^[A-Za-z][A-Za-z0-9_]{0,511}$/;
const RESERVED_VARIABLE = /^(?:HOME|LOGNAME|USER|MARATHON_.*|MESOS_.*|PORT\d*|WAITER_(?!CONFIG_).*)$/s;
const METADATA_KEY = /^[a-z][a-z0-9-]{0,998}$/;

const isLength = (value: Json, max: number): boolean =>
  typeof value === 'string' && value.length >= 1 && value.length <= max;
const shown = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** Says what is wrong in sentences that each end in a space; empty when nothing is. */
export function explainEnvironment(value: Json | undefined): string {
  if (!isMap(value)) return 'Environment variables must be a map from string to string. ';
  const keys = Object.keys(value);
  const invalid = keys.filter((key) => !VARIABLE_NAME.test(key));
  const reserved = keys.filter((key) => RESERVED_VARIABLE.test(key));
  const badValues = Object.entries(value).filter(([, item]) => !isLength(item, 512));
  let lines = '';
  if (invalid.length > 0) {
    lines += `The following environment variable keys are invalid: ${invalid.join(', ')}. Keys must be made up of letters, underscores, and numbers and must start with a letter. Keys cannot be longer than 512 characters. `;
  }
  if (reserved.length > 0) {
    lines += `The following environment variable keys are reserved: ${reserved.join(', ')}. Environment variables cannot start with MESOS_, MARATHON_, PORT, or WAITER_ and cannot be HOME, USER, LOGNAME. `;
  }
  if (badValues.length > 0) {
    const list = badValues.map(([key, item]) => `${key}: ${shown(item)}`).join(', ');
    lines += `The following environment variable keys did not have string values: ${list}. Environment variable values must be strings no longer than 512 characters. `;
  }
  if (keys.length > MAX_ENTRIES) {
    lines += `Environment variables can only contain ${MAX_ENTRIES} keys. You provided ${keys.length}. `;
  }
  return lines;
}

export function explainMetadata(value: Json | undefined): string {
  if (!isMap(value)) return 'Metadata must be a map from string to string. ';
  const keys = Object.keys(value);
  const invalid = keys.filter((key) => !METADATA_KEY.test(key));
  const badValues = Object.entries(value).filter(([, item]) => !isLength(item, 999));
  let lines = '';
  if (invalid.length > 0) {
    lines += `The following metadata keys are invalid: ${invalid.join(', ')}. Keys must be made up of lower-case letters, numbers, and hyphens and must start with a letter. `;
  }
  if (badValues.length > 0) {
    const list = badValues.map(([key, item]) => `${key}: ${shown(item)}`).join(', ');
    lines += `The following metadata keys did not have string values: ${list}. Metadata values must be strings. `;
  }
  if (keys.length > MAX_ENTRIES) {
    lines += `Metadata can only contain ${MAX_ENTRIES} keys. You provided ${keys.length}. `;
  }
  return lines;
}

export function explainAllowedParams(value: Json | undefined): string {
  const items = Array.isArray(value) ? value : [];
  const filled = items.filter((item) => item !== '');
  const isName = (item: Json): boolean => typeof item === 'string' && VARIABLE_NAME.test(item);
  let lines = '';
  if (items.length > filled.length) lines += 'Individual params may not be empty. ';
  if (!filled.every(isName)) {
    lines +=
      'Individual params must be made up of letters, numbers, and underscores and must start with a letter. ';
  }
  if (filled.some((item) => typeof item === 'string' && RESERVED_VARIABLE.test(item))) {
    lines +=
      'Individual params cannot start with MESOS_, MARATHON_, PORT, or WAITER_ and cannot be HOME, USER, LOGNAME. ';
  }
  return lines;
}

// The explanations above are the rules themselves; the schemas add only the shape, for the documentation.
const accept =
  (explain: (value: Json) => string) =>
  (value: Json): Json => {
    if (explain(value) !== '') throw new Error('not accepted');
    return value;
  };

export const environmentSchema = Joi.object()
  .unknown()
  .custom(accept(explainEnvironment), 'environment variables');
export const metadataSchema = Joi.object().unknown().custom(accept(explainMetadata), 'metadata');
export const allowedParamsSchema = Joi.array().custom(
  accept(explainAllowedParams),
  'environment variable names',
);
