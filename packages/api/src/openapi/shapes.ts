/** A JSON Schema (2020-12), as far as it is written by hand here. */
export type JsonSchema = Readonly<Record<string, unknown>>;

export const text: JsonSchema = { type: 'string' };
export const flag: JsonSchema = { type: 'boolean' };
export const integer: JsonSchema = { type: 'integer' };
export const count: JsonSchema = { type: 'integer', minimum: 0 };
export const number: JsonSchema = { type: 'number' };
export const anything: JsonSchema = {};
export const anyMap: JsonSchema = { type: 'object' };
/** ISO 8601 in UTC with milliseconds (spec: services-and-tokens, conventions). */
export const time: JsonSchema = {
  type: 'string',
  pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{3}Z$',
  examples: ['2026-11-23T05:00:00.000Z'],
};
export const oneOf = (...values: readonly string[]): JsonSchema => ({ type: 'string', enum: values });
export const listOf = (items: JsonSchema): JsonSchema => ({ type: 'array', items });
export const mapOf = (values: JsonSchema): JsonSchema => ({ type: 'object', additionalProperties: values });
export const orNull = (schema: JsonSchema): JsonSchema => ({ anyOf: [schema, { type: 'null' }] });
export const ref = (name: string): JsonSchema => ({ $ref: `#/components/schemas/${name}` });
export const described = (schema: JsonSchema, description: string): JsonSchema => ({
  ...schema,
  description,
});

type Properties = Readonly<Record<string, JsonSchema>>;

/** An object with these members and no others; names that end in `?` after a space, as `'message ?'`, may be absent. */
export function exactly(properties: Properties): JsonSchema {
  return { ...atLeast(properties), additionalProperties: false };
}

/** An object with these members, and perhaps others. */
export function atLeast(properties: Properties): JsonSchema {
  const OPTIONAL = / \?$/;
  const names = Object.keys(properties);
  const required = names.filter((name) => !OPTIONAL.test(name));
  return {
    type: 'object',
    properties: Object.fromEntries(
      Object.entries(properties).map(([name, schema]) => [name.replace(OPTIONAL, ''), schema]),
    ),
    ...(required.length === 0 ? {} : { required }),
  };
}
