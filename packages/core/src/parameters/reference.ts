import type Joi from 'joi';
import type { Json } from '../words';
import type { HeaderForm, ParameterDefinition } from './definition';
import { SERVICE_PARAMETERS } from './table';
import type { UserMetadataDefinition } from './user-metadata';
import { USER_METADATA } from './user-metadata';

const HEAD = `# Parameters

<!-- Written by scripts/parameters-reference.ts from packages/core/src/parameters. Do not edit. -->

A service is described by *parameters*. They come, from the lowest precedence to the highest, from the configured
defaults, the profile, the tokens of the request (later ones over earlier ones), \`x-waiter-*\` headers, and what an
operator overrides. \`env\` and \`metadata\` are merged key by key, except that headers replace a token's whole map. The
service id is a hash of what tokens and headers say: another value is another service, also if it equals the default.

Any header that describes the service makes it run as the user of the request unless \`x-waiter-run-as-user\` says
otherwise. \`x-waiter-param-<name>\` sets the variable \`<NAME>\` in \`env\`, if \`allowed-params\` lists it.

Defaults are the built-in ones; \`defaults\`, \`tokenDefaults\`, \`profiles\` and \`constraints\` in the
[configuration](configuration.md) change them.
`;

/** The part of Joi's description of a schema that is shown. */
interface Described {
  readonly type?: string;
  readonly allow?: readonly unknown[];
  readonly flags?: { readonly only?: boolean };
  readonly rules?: readonly {
    readonly name: string;
    readonly args?: { readonly limit?: number; readonly regex?: string };
  }[];
}

const BOUNDS: Readonly<Record<string, string>> = {
  min: 'at least',
  max: 'at most',
  greater: 'more than',
  less: 'less than',
};

/** What values are taken, as the schema states it. */
function valuesOf(schema: Joi.Schema): string {
  const { type = 'any', allow = [], flags, rules = [] } = schema.describe() as Described;
  const named = allow.map((value) => `\`${String(value)}\``);
  if (flags?.only === true) return named.join(', ');
  const noun = rules.some(({ name }) => name === 'integer')
    ? 'integer'
    : ({ object: 'map', array: 'list', string: 'text' }[type] ?? type);
  const unit = type === 'string' ? ' characters' : type === 'array' ? ' items' : '';
  const bounds = rules.flatMap(({ name, args }) =>
    args?.limit === undefined || BOUNDS[name] === undefined ? [] : [`${BOUNDS[name]} ${args.limit}${unit}`],
  );
  const patterns = rules.flatMap(({ args }) =>
    args?.regex === undefined ? [] : [args.regex === '/\\S/' ? 'not blank' : `matching \`${args.regex}\``],
  );
  return [noun, ...bounds, ...patterns, ...(named.length === 0 ? [] : [`or ${named.join(', ')}`])].join(', ');
}

const shown = (value: Json | undefined): string =>
  value === undefined ? 'none' : `\`${JSON.stringify(value)}\``;

const HEADER_NOTES: Readonly<Record<HeaderForm, (name: string) => string>> = {
  string: (name) => `\`x-waiter-${name}\`, taken literally`,
  json: (name) => `\`x-waiter-${name}\`, read as JSON, literally if it is none`,
  list: (name) => `\`x-waiter-${name}\`, separated by commas`,
  map: (name) =>
    `one \`x-waiter-${name}-<key>\` for each entry${name === 'env' ? ', the key in upper case' : ''}`,
};

function parameter(definition: ParameterDefinition): string {
  const { name, summary, schema, defaultValue, header, overridable, required } = definition;
  return `### \`${name}\`

${summary}

- values: ${valuesOf(schema)}
- default: ${required ? 'none; required' : shown(defaultValue)}
- header: ${HEADER_NOTES[header](name)}
- may be overridden for a service: ${overridable ? 'yes' : 'no'}
`;
}

function metadata({ name, summary, schema, defaultValue }: UserMetadataDefinition): string {
  return `### \`${name}\`

${summary}

- values: ${valuesOf(schema)}
- default: ${shown(defaultValue)}
`;
}

/** The text of docs/reference/parameters.md. */
export function renderParameters(): string {
  return [
    HEAD,
    `## Service parameters\n\nIn tokens, headers, profiles and the configured defaults.\n`,
    ...SERVICE_PARAMETERS.map(parameter),
    `## Token metadata\n\nIn tokens, profiles and the configured token defaults only; there are no headers for it, and it is not part of the\nservice. What a token does not say is filled in when the token is used, and not stored.\n`,
    ...USER_METADATA.map(metadata),
  ].join('\n');
}
