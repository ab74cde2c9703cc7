import Joi from 'joi';

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

const discovery = Joi.object({
  ports: Joi.array().items(
    Joi.object({ number: port, name: Joi.string(), protocol: Joi.string() }).unknown(),
  ),
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

const network = Joi.object({
  mode: Joi.string().valid('host', 'container', 'container/bridge'),
  name: Joi.string().allow(''),
  labels: strings,
});

const fraction = Joi.number().min(0).max(1);

/** Shape and ranges of an app as a client sends it, field by field. Unknown fields are ignored, as Marathon does. */
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
  constraints: Joi.array().items(Joi.array().items(Joi.string().allow(''))),
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
  ipAddress: Joi.object({ networkName: Joi.string(), labels: strings, discovery }).unknown(),
  requirePorts: Joi.boolean(),
  version: Joi.string(),
  killSelection: Joi.string().valid('YOUNGEST_FIRST', 'OLDEST_FIRST'),
  unreachableStrategy: Joi.alternatives(Joi.object(), Joi.string().valid('disabled')),
  ports: Joi.array().items(port),
  portDefinitions: Joi.array().items(portDefinition.unknown()),
  networks: Joi.array().items(network.unknown()),
  taskKillGracePeriodSeconds: count,
}).required();
