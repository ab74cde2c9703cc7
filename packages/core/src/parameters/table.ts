import Joi from 'joi';
import { SCALING_POLICIES } from '../words';
import type { ParameterDefinition } from './definition';
import { decimal, define, FILLED, integer, nullable, oneOf, text } from './definition';
import {
  allowedParamsSchema,
  environmentSchema,
  explainAllowedParams,
  explainEnvironment,
  explainMetadata,
  metadataSchema,
} from './names-and-maps';

const PROTOCOLS = ['http', 'https', 'h2', 'h2c'];
const MODES = ['default', 'waiter-router', 'headless', 'ingress-distributed', 'ingress-centralized'];
const positive = Joi.number().greater(0);

const checkProto = (
  name: string,
  summary: string,
  extra: { defaultValue?: null } = {},
): ParameterDefinition =>
  nullable(
    oneOf(name, PROTOCOLS, `${name}, when provided, must be one of h2, h2c, http, or https.`, {
      summary,
      ...extra,
    }),
  );
const checkAuthentication = (
  name: string,
  summary: string,
  extra: { defaultValue?: string } = {},
): ParameterDefinition =>
  oneOf(name, ['disabled', 'standard'], `${name} must be one of standard or disabled.`, {
    summary,
    ...extra,
  });

/** Profiles by name, as the end of a sentence. */
export function supportedProfiles(profiles: readonly string[]): string {
  return profiles.length === 0
    ? 'there are no supported profiles'
    : `supported profile(s) are ${[...profiles].sort().join(', ')}`;
}

/**
 * The one table of service parameters (spec: services-and-tokens 1.2, lines 3.2): parsing of headers, validation,
 * built-in defaults, key sets, friendly lines; documentation and JSON schema are generated from it. Its order is the
 * order of the lines in an error message.
 */
export const SERVICE_PARAMETERS: readonly ParameterDefinition[] = [
  define('allowed-params', allowedParamsSchema, '', {
    header: 'list',
    defaultValue: [],
    line: (value) => `allowed-params is invalid. ${explainAllowedParams(value)}`,
    summary:
      'Names of environment variables that a request may set by `x-waiter-param-<name>` headers; the same rules as for the names in `env`.',
  }),
  text('authentication', {
    overridable: true,
    defaultValue: 'standard',
    line: "authentication must be 'disabled', 'standard', or the specific authentication scheme if supported by the configured authenticator.",
    summary: 'How clients of the service prove who they are.',
  }),
  oneOf('backend-proto', PROTOCOLS, 'backend-proto must be one of h2, h2c, http, or https.', {
    defaultValue: 'http',
    summary: 'Protocol that the instances speak.',
  }),
  text('cmd', { required: true, summary: 'Command that starts an instance; it must listen on $PORT0.' }),
  text('cmd-type', { summary: 'Kind of the command: shell or docker.' }),
  integer('concurrency-level', 1, 10000, {
    overridable: true,
    defaultValue: 1,
    summary: 'Requests that one instance handles at a time.',
  }),
  define('cpus', positive, 'cpus must be a positive number.', {
    required: true,
    summary: 'Cores per instance.',
  }),
  oneOf(
    'distribution-scheme',
    ['balanced', 'simple'],
    'distribution-scheme must be one of balanced or simple.',
    {
      overridable: true,
      defaultValue: 'balanced',
      summary: 'How the original spread slots over routers; kept for its clients, leases need no scheme.',
    },
  ),
  define('env', environmentSchema, '', {
    header: 'map',
    defaultValue: {},
    line: explainEnvironment,
    summary:
      'Environment variables of the instances, at most 100. Names are a letter, then letters, digits and `_`, at most 512 characters; values are texts of 1 to 512 characters. Reserved: HOME, LOGNAME, USER, PORT with or without a number, and what starts with MARATHON_, MESOS_, or WAITER_ (but not WAITER_CONFIG_).',
  }),
  decimal('expired-instance-restart-rate', '(0, 1]', {
    overridable: true,
    defaultValue: 0.1,
    summary: 'Share of expired instances that are replaced at a time.',
  }),
  integer('grace-period-secs', 0, 3600, {
    overridable: true,
    defaultValue: 30,
    summary: 'Time an instance may take to pass its first health check.',
  }),
  checkAuthentication('health-check-authentication', 'Whether health checks carry credentials.', {
    defaultValue: 'disabled',
  }),
  integer('health-check-interval-secs', 5, 600, {
    overridable: true,
    defaultValue: 10,
    summary: 'Time between health checks of a running instance.',
  }),
  integer('health-check-max-consecutive-failures', 1, 36, {
    overridable: true,
    defaultValue: 5,
    summary: 'Failed health checks in a row after which an instance is replaced.',
  }),
  integer('health-check-port-index', 0, 9, {
    defaultValue: 0,
    summary: 'Which of the ports answers health checks; less than ports.',
  }),
  checkProto('health-check-proto', 'Protocol of health checks; null: as backend-proto.', {
    defaultValue: null,
  }),
  text('health-check-url', { defaultValue: '/status', summary: 'Path that answers health checks.' }),
  // Fractions are an extension (the original takes integers only): tests and demos idle out in seconds.
  define(
    'idle-timeout-mins',
    Joi.number().min(0).max(43200),
    'idle-timeout-mins must be an integer in the range [0, 43200].',
    {
      overridable: true,
      defaultValue: 30,
      summary:
        'Time without requests after which the service is stopped; 0: never; may be fractional (0.05 = 3 s).',
    },
  ),
  text('image', { summary: 'Container image, for schedulers that run containers.' }),
  integer('instance-expiry-mins', 0, null, {
    overridable: true,
    defaultValue: 7200,
    summary: 'Age at which an instance is replaced; 0: never.',
  }),
  integer('interstitial-secs', 0, 3600, {
    overridable: true,
    defaultValue: 0,
    summary: 'How long browsers see a waiting page while the service starts; 0: not at all.',
  }),
  decimal('jitter-threshold', '[0, 1)', {
    overridable: true,
    defaultValue: 0.5,
    summary: 'Fraction of a step that the target must move before the scaler acts.',
  }),
  checkAuthentication('liveness-check-authentication', 'Default: health-check-authentication.'),
  integer('liveness-check-interval-secs', 5, 600, {
    overridable: true,
    summary: 'Default: health-check-interval-secs.',
  }),
  integer('liveness-check-max-consecutive-failures', 1, 36, {
    overridable: true,
    summary: 'Default: health-check-max-consecutive-failures.',
  }),
  integer('liveness-check-port-index', 0, 9, { summary: 'Default: health-check-port-index.' }),
  checkProto('liveness-check-proto', 'Default: health-check-proto.'),
  text('liveness-check-url', { summary: 'Default: health-check-url.' }),
  oneOf(
    'load-balancing',
    ['oldest', 'youngest', 'random'],
    "load-balancing must be one of 'oldest', 'youngest' or 'random'.",
    { overridable: true, defaultValue: 'oldest', summary: 'Which instance with a free slot is preferred.' },
  ),
  integer('max-instances', 1, 2000, {
    overridable: true,
    defaultValue: 500,
    line: 'max-instances must be between 1 and 2000.',
    summary: 'Most instances the scaler starts.',
  }),
  integer('max-queue-length', 1, null, {
    overridable: true,
    defaultValue: 1000000,
    summary: 'Most requests that wait for a slot; a further one is refused with 503.',
  }),
  define('mem', positive, 'mem must be a positive number.', {
    required: true,
    summary: 'Memory per instance in MiB.',
  }),
  define('metadata', metadataSchema, '', {
    header: 'map',
    defaultValue: {},
    line: explainMetadata,
    summary:
      'Free labels, at most 100. Keys are a lower-case letter, then lower-case letters, digits and `-`; keys and values are texts of 1 to 999 characters.',
  }),
  define(
    'metric-group',
    Joi.string()
      .min(2)
      .max(32)
      .pattern(/^[a-z][a-z0-9]*(?:[_-][a-z0-9]+)*$/),
    'The metric-group must be be between 2 and 32 characters; only contain lowercase letters, numbers, dashes, and underscores; start with a lowercase letter; and only use dash and/or underscore as separators between alphanumeric portions.',
    { header: 'string', summary: 'Name under which metrics are summed; default by name and configuration.' },
  ),
  integer('min-instances', 1, 2000, {
    overridable: true,
    defaultValue: 1,
    line: 'min-instances must be between 1 and 2000.',
    summary: 'Fewest instances while the service is in use.',
  }),
  text('name', { summary: 'Appears in the service id and chooses the metric group.' }),
  text('namespace', { summary: 'Scheduler namespace; run-as-user or * (the requester).' }),
  text('permitted-user', {
    defaultValue: '*',
    summary: 'Who may send requests; *: everybody.',
  }),
  integer('ports', 1, 10, { defaultValue: 1, summary: 'Ports an instance is given as $PORT0 to $PORT9.' }),
  define('profile', FILLED, '', {
    header: 'string',
    line: (_value, { profiles }) => `profile must be a non-empty string, ${supportedProfiles(profiles)}`,
    summary: 'Named set of defaults in the configuration.',
  }),
  define(
    'restart-backoff-factor',
    Joi.number().min(1),
    'restart-backoff-factor must be a number of at least 1.',
    {
      overridable: true,
      defaultValue: 2,
      summary: 'Growth of the delay between restarts of a failing instance.',
    },
  ),
  oneOf(
    'routing-mode',
    MODES,
    'routing-mode must be one of default, waiter-router, headless, ingress-distributed or ingress-centralized.',
    { defaultValue: 'default', summary: 'How requests reach the instances.' },
  ),
  text('run-as-user', { required: true, summary: 'User the instances run as; *: the requester.' }),
  decimal('scale-down-factor', '(0, 1)', {
    overridable: true,
    defaultValue: 0.001,
    summary: 'How fast the target falls.',
  }),
  decimal('scale-factor', '(0, 2]', {
    overridable: true,
    defaultValue: 1,
    summary: 'Instances wanted per outstanding request at concurrency-level 1.',
  }),
  decimal('scale-up-factor', '(0, 1)', {
    overridable: true,
    defaultValue: 0.1,
    summary: 'How fast the target rises.',
  }),
  oneOf(
    'scaling-policy',
    SCALING_POLICIES,
    `scaling-policy must be one of ${SCALING_POLICIES.slice(0, -1).join(', ')} or ${SCALING_POLICIES.at(-1) ?? ''}.`,
    {
      overridable: true,
      summary:
        "What decides the number of instances: the original's formula, which the scale and jitter parameters belong to and which decides where this is absent, or another policy (docs/autoscaling.md).",
    },
  ),
  text('scheduler', { summary: 'Component of a composite scheduler.' }),
  integer('termination-grace-period-secs', 0, 300, {
    overridable: true,
    defaultValue: 0,
    summary: "Time between SIGTERM and SIGKILL; 0: the scheduler's default.",
  }),
  text('version', { required: true, summary: 'Version of the service; any text.' }),
];
