import type { AppDefinition, AppInput, Artifact, PortDefinition, ReadinessCheck } from './definition';
import { isInContainer, normaliseContainer, objectOf, withContainerPorts, withHostPorts } from './container';
import { defined } from './defined';
import { healthCheck } from './health-check';
import { containerOf, networksOf } from './networks';
import { absoluteId, parentId } from './path-id';
import { isArchive } from '../tasks/archive';

/** Allocates one unused service port (10000 to 20000). */
export type ServicePorts = () => number;

/**
 * Removes every null from what a client sent: Marathon takes an explicit null as "absent", and Waiter sends
 * `"disk": null` (4A.2).
 */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== null)
      .map(([key, inner]) => [key, withoutNulls(inner)]),
  );
}

/**
 * Fills in defaults (4B.3).
 * @param base keeps the fields that the input leaves out (partial update); undefined for a new or replaced app
 * @param previous the app as it is, whose service ports are kept where the input asks for "any" (0)
 */
export function normalise(
  input: AppInput,
  id: string,
  base: AppDefinition | undefined,
  previous: AppDefinition | undefined,
  servicePorts: ServicePorts,
  version: string,
): AppDefinition {
  const container = containerOf(input);
  const given = defined({
    cmd: input.cmd,
    args: input.args,
    user: input.user,
    env: input.env,
    instances: input.instances,
    cpus: input.cpus,
    mem: input.mem,
    disk: input.disk,
    gpus: input.gpus,
    executor: input.executor,
    constraints: input.constraints,
    fetch: fetched(input)?.map(artifact),
    storeUrls: input.storeUrls,
    backoffSeconds: input.backoffSeconds,
    backoffFactor: input.backoffFactor,
    maxLaunchDelaySeconds: input.maxLaunchDelaySeconds,
    container: container && normaliseContainer(container, previous, servicePorts),
    healthChecks: input.healthChecks?.map(healthCheck),
    readinessChecks: input.readinessChecks?.map(readinessCheck),
    dependencies: input.dependencies?.map((other) => absoluteId(other, parentId(id))),
    upgradeStrategy:
      input.upgradeStrategy === undefined
        ? undefined
        : { minimumHealthCapacity: 1, maximumOverCapacity: 1, ...defined(input.upgradeStrategy) },
    labels: input.labels,
    acceptedResourceRoles: input.acceptedResourceRoles,
    role: input.role,
    residency: input.residency,
    secrets: input.secrets,
    check: input.check,
    tty: input.tty,
    resourceLimits: input.resourceLimits,
    requirePorts: input.requirePorts,
    killSelection: input.killSelection,
    unreachableStrategy: input.unreachableStrategy,
    portDefinitions: portDefinitions(input, previous, servicePorts),
    networks: networksOf(input),
    taskKillGracePeriodSeconds: input.taskKillGracePeriodSeconds,
  });
  const whole: AppDefinition = withoutEmpty({
    ...(base ?? defaults(id)),
    ...given,
    id,
    version,
    versionInfo: { lastScalingAt: version, lastConfigChangeAt: version },
  });
  if (isInContainer(whole)) {
    return withContainerPorts(whole, given.portDefinitions?.length ?? 0, servicePorts);
  }
  const merged = withHostPorts(whole);
  if (merged.portDefinitions !== undefined) return merged;
  const kept = previous?.portDefinitions?.[0]?.name === 'default' ? previous.portDefinitions : undefined;
  return { ...merged, portDefinitions: kept ?? [{ ...anyPort(servicePorts), name: 'default' }] };
}

/** What is shown only where there is some. */
function withoutEmpty({ args = [], secrets = {}, ...rest }: AppDefinition): AppDefinition {
  return {
    ...rest,
    ...(args.length > 0 ? { args } : {}),
    ...(Object.keys(objectOf(secrets) ?? {}).length > 0 ? { secrets } : {}),
  };
}

function defaults(id: string): Omit<AppDefinition, 'version' | 'versionInfo'> {
  return {
    id,
    env: {},
    instances: 1,
    cpus: 1,
    mem: 128,
    disk: 0,
    gpus: 0,
    executor: '',
    constraints: [],
    fetch: [],
    storeUrls: [],
    backoffSeconds: 1,
    backoffFactor: 1.15,
    maxLaunchDelaySeconds: 300,
    healthChecks: [],
    readinessChecks: [],
    dependencies: [],
    upgradeStrategy: { minimumHealthCapacity: 1, maximumOverCapacity: 1 },
    labels: {},
    requirePorts: false,
    killSelection: 'YOUNGEST_FIRST',
    unreachableStrategy: { inactiveAfterSeconds: 0, expungeAfterSeconds: 0 },
    networks: [{ mode: 'host' }],
    role: '*',
  };
}

function portDefinitions(
  input: AppInput,
  previous: AppDefinition | undefined,
  servicePorts: ServicePorts,
): readonly PortDefinition[] | undefined {
  const wanted = input.portDefinitions ?? input.ports?.map((port) => ({ port }));
  return wanted?.map((port: Partial<PortDefinition>, index) => {
    const filled = { protocol: 'tcp', labels: {}, ...defined(port), port: port.port ?? 0 };
    if (filled.port !== 0 || input.requirePorts === true) return filled;
    return { ...filled, port: previous?.portDefinitions?.[index]?.port ?? servicePorts() };
  });
}

const anyPort = (servicePorts: ServicePorts): PortDefinition => ({
  port: servicePorts(),
  protocol: 'tcp',
  labels: {},
});

/** `uris` is the older word, which says nothing when it is empty. */
function fetched({ fetch, uris = [] }: AppInput): AppInput['fetch'] {
  if ((fetch ?? []).length > 0 || uris.length === 0) return fetch;
  return uris.map((uri) => ({ uri, extract: isArchive(uri) }));
}

type ArtifactInput = NonNullable<AppInput['fetch']>[number];

const artifact = (input: ArtifactInput): Artifact => ({
  extract: true,
  executable: false,
  cache: false,
  ...defined(input),
  uri: input.uri,
});

const readinessCheck = (input: Partial<ReadinessCheck>): ReadinessCheck => ({
  name: 'readinessCheck',
  protocol: 'HTTP',
  path: '/',
  portName: 'http-api',
  intervalSeconds: 30,
  timeoutSeconds: 10,
  httpStatusCodesForReady: [200],
  preserveLastResponse: false,
  ...defined(input),
});
