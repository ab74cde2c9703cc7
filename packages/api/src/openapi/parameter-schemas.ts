import { SERVICE_PARAMETERS, USER_METADATA } from '@waiter/core';
import type { JsonSchema } from './shapes';

/** What Joi 18 offers by the "standard JSON schema" interface. */
interface WithJsonSchema {
  readonly '~standard': {
    readonly jsonSchema: { input(options: { target: string }): Record<string, unknown> };
  };
}

interface Described {
  readonly name: string;
  readonly schema: object;
  readonly summary: string;
  readonly defaultValue: unknown;
  readonly header?: string;
}

/** One parameter of the table of `core`: shape, meaning and default come from there alone. */
function schemaOf({ schema, summary, defaultValue, header }: Described): JsonSchema {
  const shape = (schema as WithJsonSchema)['~standard'].jsonSchema.input({ target: 'draft-2020-12' });
  return {
    ...withNull(shape),
    // What is in them is checked by functions, of which Joi can tell nothing.
    ...(header === 'map' ? { additionalProperties: { type: 'string', minLength: 1 } } : {}),
    ...(header === 'list' ? { items: { type: 'string' } } : {}),
    description: summary,
    ...(defaultValue === undefined ? {} : { default: defaultValue }),
  };
}

/** Joi says that null is allowed by the type alone, which an `enum` without it takes back. */
function withNull(shape: Record<string, unknown>): Record<string, unknown> {
  const { type, enum: values } = shape;
  const nullable =
    Array.isArray(type) && type.includes('null') && Array.isArray(values) && !values.includes(null);
  return nullable ? { ...shape, enum: [...values, null] } : shape;
}

const propertiesOf = (table: readonly Described[]): Record<string, JsonSchema> =>
  Object.fromEntries(table.map((row) => [row.name, schemaOf(row)]));

export const SERVICE_PROPERTIES = propertiesOf(SERVICE_PARAMETERS);
export const METADATA_PROPERTIES = propertiesOf(USER_METADATA);

const withoutDefaults = (properties: Readonly<Record<string, JsonSchema>>): Record<string, JsonSchema> =>
  Object.fromEntries(Object.entries(properties).map(([name, { default: _, ...rest }]) => [name, rest]));

/** Members that tokens and descriptions share are written without defaults: those apply when a service is made. */
export const STORED_PROPERTIES = withoutDefaults({ ...SERVICE_PROPERTIES, ...METADATA_PROPERTIES });
