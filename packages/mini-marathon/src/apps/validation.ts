import Joi from 'joi';
import type { ErrorDetail } from '../api-error';
import { invalidObject, wrongShape } from '../api-error';
import type { AppDefinition, AppInput } from './definition';
import { portCount, portNames } from './definition';
import { withoutNulls } from './normalise';
import { absoluteId, ID_ERROR, isValidId } from './path-id';

const count = Joi.number().integer().min(0);
const port = Joi.number().integer().min(0).max(65535);
const strings = Joi.object().pattern(Joi.string(), Joi.string().allow(''));

const healthCheck = Joi.object({
  protocol: Joi.string().valid('HTTP', 'HTTPS', 'TCP', 'COMMAND', 'MESOS_HTTP', 'MESOS_HTTPS', 'MESOS_TCP'),
  gracePeriodSeconds: count,
  intervalSeconds: count,
  timeoutSeconds: count,
  maxConsecutiveFailures: count,
  delaySeconds: count,
  path: Joi.string().allow(''),
  port,
  portIndex: port,
  command: Joi.object({ value: Joi.string().required() }).unknown(),
  ignoreHttp1xx: Joi.boolean(),
  ipProtocol: Joi.string(),
});

const portDefinition = Joi.object({
  port,
  protocol: Joi.string().valid('tcp', 'udp', 'udp,tcp', 'tcp,udp'),
  name: Joi.string(),
  labels: strings,
});

const portMapping = Joi.object({
  containerPort: port,
  hostPort: port,
  servicePort: port,
  protocol: Joi.string().valid('tcp', 'udp', 'udp,tcp', 'tcp,udp'),
  name: Joi.string(),
  labels: strings,
}).unknown();

const artifact = Joi.object({
  uri: Joi.string().required(),
  extract: Joi.boolean(),
  executable: Joi.boolean(),
  cache: Joi.boolean(),
  destPath: Joi.string(),
});

const readinessCheck = Joi.object({
  name: Joi.string(),
  protocol: Joi.string().valid('HTTP', 'HTTPS'),
  path: Joi.string(),
  portName: Joi.string(),
  intervalSeconds: count,
  timeoutSeconds: count.min(1),
  httpStatusCodesForReady: Joi.array().items(Joi.number().integer().min(100).max(999)),
  preserveLastResponse: Joi.boolean(),
});

const fraction = Joi.number().min(0).max(1);

/** Shape and ranges of an app as a client sends it. Unknown fields are ignored, as Marathon does. */
export const appInput = Joi.object({
  id: Joi.string(),
  cmd: Joi.string(),
  args: Joi.array().items(Joi.string().allow('')),
  user: Joi.string(),
  env: Joi.object().pattern(Joi.string(), Joi.alternatives(Joi.string().allow(''), Joi.object())),
  instances: count,
  cpus: Joi.number().min(0),
  mem: Joi.number().min(0),
  disk: Joi.number().min(0),
  gpus: count,
  executor: Joi.string().allow(''),
  constraints: Joi.array(),
  fetch: Joi.array().items(artifact.unknown()),
  uris: Joi.array().items(Joi.string()),
  storeUrls: Joi.array().items(Joi.string()),
  backoffSeconds: Joi.number().min(0),
  backoffFactor: Joi.number().min(1),
  maxLaunchDelaySeconds: Joi.number().min(0),
  container: Joi.object({
    type: Joi.string().valid('MESOS', 'DOCKER'),
    volumes: Joi.array(),
    portMappings: Joi.array().items(portMapping),
    docker: Joi.object({ image: Joi.string(), portMappings: Joi.array().items(portMapping) }).unknown(),
  }).unknown(),
  healthChecks: Joi.array().items(healthCheck.unknown()),
  readinessChecks: Joi.array().items(readinessCheck.unknown()),
  dependencies: Joi.array().items(Joi.string()),
  upgradeStrategy: Joi.object({ minimumHealthCapacity: fraction, maximumOverCapacity: fraction }).unknown(),
  labels: strings,
  acceptedResourceRoles: Joi.array().items(Joi.string()),
  role: Joi.string(),
  residency: Joi.object().unknown(),
  secrets: Joi.object().unknown(),
  check: Joi.object().unknown(),
  tty: Joi.boolean(),
  resourceLimits: Joi.object().unknown(),
  ipAddress: Joi.object({ networkName: Joi.string(), labels: strings }).unknown(),
  requirePorts: Joi.boolean(),
  version: Joi.string(),
  killSelection: Joi.string().valid('YOUNGEST_FIRST', 'OLDEST_FIRST'),
  unreachableStrategy: Joi.alternatives(Joi.object(), Joi.string().valid('disabled')),
  ports: Joi.array().items(port),
  portDefinitions: Joi.array().items(portDefinition.unknown()),
  networks: Joi.array(),
  taskKillGracePeriodSeconds: count,
}).required();

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

/** Rules between fields, checked on the finished definition. */
export function checkRules(app: AppDefinition): void {
  const details: ErrorDetail[] = [];
  if (!isValidId(app.id)) details.push({ path: '/id', errors: [ID_ERROR] });
  const hasCmd = app.cmd !== undefined;
  const hasArgs = (app.args ?? []).length > 0;
  if ((hasCmd && hasArgs) || (!hasCmd && !hasArgs && app.container === undefined)) {
    const error = "AppDefinition must either contain one of 'cmd' or 'args', and/or a 'container'.";
    details.push({ path: '/', errors: [error] });
  }
  app.healthChecks.forEach((check, index) => {
    const path = `/healthChecks(${index})`;
    const isCommand = check.protocol === 'COMMAND';
    if (isCommand !== (check.command !== undefined)) {
      details.push({ path, errors: ['Health check protocol must match supplied fields.'] });
    } else if (!isCommand && check.port === undefined && (check.portIndex ?? 0) >= portCount(app)) {
      const error =
        'Health check port indices must address an element of the ports array or container port mappings.';
      details.push({ path, errors: [error] });
    }
  });
  app.readinessChecks.forEach(({ portName }, index) => {
    if (portNames(app).includes(portName)) return;
    const path = `/readinessChecks(${index})/portName`;
    details.push({ path, errors: ['must be the name of one of the port definitions'] });
  });
  for (const dependency of app.dependencies) {
    if (absoluteId(dependency) === app.id) {
      details.push({ path: '/dependencies', errors: ['An app must not depend on itself.'] });
    }
  }
  if (details.length > 0) throw invalidObject(details);
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
