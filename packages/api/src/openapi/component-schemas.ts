import { METADATA_PROPERTIES, SERVICE_PROPERTIES, STORED_PROPERTIES } from './parameter-schemas';
import {
  anyMap,
  anything,
  atLeast,
  count,
  described,
  exactly,
  flag,
  integer,
  listOf,
  mapOf,
  number,
  oneOf,
  orNull,
  ref,
  text,
  time,
  type JsonSchema,
} from './shapes';

const bookkeeping = {
  cluster: described(text, 'Cluster that the token was written on.'),
  root: described(text, 'Cluster that the token was created on.'),
  'last-update-time': time,
  'last-update-user': text,
};

const token = { type: 'object', properties: STORED_PROPERTIES, additionalProperties: false };

const sourceToken = exactly({ token: text, version: described(orNull(text), "The token's etag then.") });

const state = {
  'last-request-time ?': orNull(time),
  'request-metrics': atLeast({ 'outstanding ?': count, 'total ?': count }),
  'resource-usage': atLeast({ cpus: number, mem: number }),
  'scaling-state ?': oneOf('scale-up', 'scale-down', 'stable'),
  'scaling-paused ?': ref('ScalingPause'),
  'current-for-tokens ?': listOf(text),
  'source-tokens ?': listOf(listOf(sourceToken)),
  'deployment-error-message ?': text,
  'effective-parameters ?': ref('ServiceDescription'),
  'references ?': orNull(listOf(anyMap)),
  'token-fallback ?': exactly({ 'service-id': text }),
  'service-description': ref('ServiceDescription'),
  status: oneOf('Failing', 'Inactive', 'Running', 'Starting'),
};

/** Everything that several operations speak of, by name. */
export const COMPONENT_SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  ServiceDescription: {
    type: 'object',
    description: 'Parameters of a service (docs/reference/parameters.md).',
    // A stored description may be older than a rule.
    properties: Object.fromEntries(
      Object.entries(SERVICE_PROPERTIES).map(([name, { description }]) => [name, { description }]),
    ),
  },
  ServiceParameters: { type: 'object', properties: SERVICE_PROPERTIES, additionalProperties: false },
  TokenMetadata: { type: 'object', properties: METADATA_PROPERTIES, additionalProperties: false },
  NewToken: {
    type: 'object',
    description: 'Service parameters and metadata. Replaces the whole token.',
    properties: {
      ...STORED_PROPERTIES,
      token: described(text, 'Name, unless the query has it.'),
      ...bookkeeping,
      'last-update-time': described({ type: ['integer', 'string'] }, 'Epoch ms or ISO; admin mode only.'),
      previous: described(anyMap, 'History; admin mode only.'),
      deleted: described(flag, 'Admin mode only.'),
    },
    additionalProperties: false,
  },
  Token: { ...token, required: ['owner'] },
  TokenWithMetadata: {
    type: 'object',
    properties: {
      ...STORED_PROPERTIES,
      ...bookkeeping,
      previous: described(anyMap, 'The version before, with its own `previous`; `{}` for the first.'),
      deleted: { const: true },
    },
    required: ['cluster', 'previous', 'root'],
    additionalProperties: false,
  },
  TokenEntry: exactly({
    token: text,
    owner: text,
    maintenance: flag,
    'reference-type->reference-name': mapOf(text),
    'deleted ?': flag,
    'etag ?': orNull(text),
    'last-update-time ?': orNull(time),
    'cluster ?': orNull(text),
    'service-id ?': orNull(text),
    'parameters ?': anyMap,
  }),
  Instance: atLeast({
    id: described(text, 'Begins with the id of the service and a dot.'),
    'service-id': text,
    host: text,
    port: integer,
    'extra-ports ?': listOf(integer),
    'started-at': time,
    'healthy?': flag,
    'flags ?': listOf(text),
    'health-check-status ?': orNull(integer),
    'exit-code ?': orNull(integer),
    'log-directory ?': orNull(text),
    'log-url ?': text,
    'message ?': orNull(text),
    'status ?': orNull(text),
  }),
  ServiceEntry: atLeast({
    'service-id': text,
    url: text,
    ...state,
    'instance-counts': exactly({ 'healthy-instances': count, 'unhealthy-instances': count }),
    'instances ?': exactly({
      'healthy-instances': listOf(exactly({ host: text, id: text, port: integer, 'started-at': time })),
    }),
  }),
  Service: atLeast({
    'router-id': text,
    'num-routers': count,
    ...state,
    instances: exactly({
      'active-instances': listOf(ref('Instance')),
      'failed-instances': listOf(ref('Instance')),
      'killed-instances': listOf(ref('Instance')),
    }),
    'num-active-instances': count,
    'service-description-overrides ?': atLeast({ overrides: anyMap, 'last-updated-by': text, time }),
    'service-suspended-state ?': atLeast({ suspended: flag, 'last-updated-by': text, time }),
  }),
  ScalingPause: exactly({ by: text, reason: text, time }),
  Decision: atLeast({
    id: text,
    time,
    kind: text,
    reason: text,
    outcome: text,
    explanation: listOf(exactly({ what: text, text })),
  }),
  SupportInfo: listOf(exactly({ label: text, link: exactly({ type: text, value: text }) })),
  Error: exactly({
    'waiter-error': atLeast({
      cid: text,
      details: orNull(anyMap),
      host: orNull(text),
      'instance-id': orNull(text),
      message: text,
      principal: orNull(text),
      'query-string': orNull(text),
      'request-method': text,
      'service-id': orNull(text),
      status: integer,
      'support-info': ref('SupportInfo'),
      timestamp: time,
      title: text,
      uri: text,
      'image-url ?': text,
      'service-owner ?': anything,
      'waiter-token ?': text,
    }),
  }),
};
