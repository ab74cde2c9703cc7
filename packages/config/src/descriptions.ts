import Joi from 'joi';
import { builtInSettings, SERVICE_KEYS, SERVICE_PARAMETERS, USER_METADATA } from '@waiter/core';
import type { DescriptionSettings, Json } from '@waiter/core';
import { instant, integer, list, object } from './option';
import { pattern } from './pattern';

const builtIn = builtInSettings('');

type JsonObject = Readonly<Record<string, Json>>;

/** A value for each of these names, each by the rule that tokens obey. */
function schemasOf(table: readonly { readonly name: string; readonly schema: Joi.Schema }[]): Joi.SchemaMap {
  return Object.fromEntries(table.map(({ name, schema }) => [name, schema]));
}

const parameters = Joi.object({
  ...schemasOf(SERVICE_PARAMETERS),
  // Stricter than for one service (spec: services-and-tokens 1.2): it would hold for all that say nothing.
  'scale-factor': Joi.number().greater(0).max(1),
  'idle-timeout-mins': Joi.number().integer().min(1),
}).prefs({ convert: false });
const metadata = Joi.object(schemasOf(USER_METADATA)).prefs({ convert: false });
const limits = Joi.object().pattern(
  Joi.string().valid(...SERVICE_KEYS),
  Joi.object({ max: Joi.number().required() }),
);
const profiles = Joi.object().pattern(
  Joi.string(),
  Joi.object({
    defaults: Joi.object({ ...schemasOf(SERVICE_PARAMETERS), ...schemasOf(USER_METADATA) }).required(),
  }).prefs({ convert: false }),
);

/** A map that is laid over the built-in one, name by name. */
function overlay<T extends object>(schema: Joi.Schema, base: T, description: string) {
  return object<Partial<T>, T>(
    schema,
    { default: {}, defaultText: 'the built-in ones', description },
    (written) => ({ ...base, ...written }),
    (compiled) => compiled,
  );
}

/** What an operator may configure about services and tokens (spec: services-and-tokens 5.12, 1.2, 1.3, 1.8). */
export const descriptionOptions = {
  defaults: overlay<JsonObject>(
    parameters,
    builtIn.defaults,
    'Service parameters, by their wire names, that hold where neither token, header nor profile says otherwise.',
  ),
  constraints: overlay<DescriptionSettings['constraints']>(
    limits,
    builtIn.constraints,
    'Upper limits of service parameters: `{"mem": {"max": 65536}}`; for texts the limit is on their length.',
  ),
  profiles: object<DescriptionSettings['profiles'], DescriptionSettings['profiles']>(
    profiles,
    {
      default: {},
      description:
        'Named sets of defaults that a token chooses by `profile`: `{"webapp": {"defaults": {...}}}`.',
    },
    (written) => written,
    (compiled) => compiled,
  ),
  metricGroupMappings: object<
    DescriptionSettings['metricGroupMappings'],
    DescriptionSettings['metricGroupMappings']
  >(
    Joi.array().items(Joi.array().ordered(pattern.required(), Joi.string().required())),
    {
      default: [],
      description: 'Pairs of a regular expression (RE2) for whole service names and a metric group.',
    },
    (written) => written,
    (compiled) => compiled,
  ),
  tokenDefaults: overlay<JsonObject>(
    metadata,
    builtIn.tokenDefaults,
    'Token metadata, by wire names, that holds where a token says nothing.',
  ),
  exclusivePromotionStartTime: instant({
    default: new Date(builtIn.exclusivePromotionStartTimeMs).toISOString(),
    description: 'Tokens with service-mapping `default` that are written later are exclusive.',
  }),
  unsupportedHeaders: list(Joi.string().lowercase(), {
    default: builtIn.unsupportedHeaders,
    description: 'Requests with one of these headers are refused.',
  }),
  historyLength: integer(1, 1000, {
    default: builtIn.historyLength,
    description: 'Versions of a token that are kept, the present one included.',
  }),
  tokenLimitPerOwner: integer(1, 1_000_000, {
    default: builtIn.tokenLimitPerOwner,
    description: 'Tokens that one owner may have.',
  }),
  messages: overlay<Readonly<Record<string, string>>>(
    Joi.object().pattern(Joi.string(), Joi.string()),
    {},
    'Texts for clients that replace the built-in ones, by key.',
  ),
};
