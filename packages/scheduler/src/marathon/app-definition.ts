import type { Json, ServiceParameters } from '@waiter/core';
import { SchedulerError, type ServiceSpec } from '../port';
import { DESCRIPTION_LABEL, encodeDescription } from './description-label';
import type { CompiledMarathonOptions, ImagePolicy } from './options';

export type AppDefinitionOptions = Pick<
  CompiledMarathonOptions,
  'authenticatedChecks' | 'fetch' | 'homePathPrefix' | 'http2Checks' | 'image' | 'initCommands'
>;

/**
 * Seconds that Marathon waits for one answer of a health check. It is no parameter; checks that matter for
 * latency are Waiter's own (3.6).
 */
const HEALTH_CHECK_TIMEOUT_SECONDS = 20;

/** The app that runs a service (spec: scaling-and-schedulers 4A.2). */
export function appDefinition(spec: ServiceSpec, options: AppDefinitionOptions): Json {
  const { effective } = spec;
  const user = text(effective, 'run-as-user');
  const command = text(effective, 'cmd') ?? '';
  const namespace = text(effective, 'namespace');
  const termination = number(effective, 'termination-grace-period-secs', 0);
  const disk = effective['disk'];
  return {
    id: spec.id,
    instances: spec.instances,
    env: {
      ...spec.environment,
      ...(options.homePathPrefix === null || user === null ? {} : { HOME: options.homePathPrefix + user }),
    },
    ...(user === null ? {} : { user }),
    ...(options.initCommands.length === 0 ? { cmd: command } : { args: [...options.initCommands, command] }),
    ...(typeof disk === 'number' ? { disk } : {}),
    mem: number(effective, 'mem', 0),
    cpus: number(effective, 'cpus', 0),
    ports: Array.from({ length: number(effective, 'ports', 1) }, () => 0),
    healthChecks: canCheck(effective, options) ? [healthCheck(effective)] : [],
    ...(options.fetch.length === 0 ? {} : { fetch: options.fetch.map(artifact) }),
    ...container(text(effective, 'image'), options.image),
    backoffFactor: number(effective, 'restart-backoff-factor', 2),
    labels: {
      source: 'waiter',
      ...(user === null ? {} : { user }),
      ...(namespace === null ? {} : { namespace }),
      [DESCRIPTION_LABEL]: encodeDescription(spec.description),
    },
    ...(termination > 0 ? { taskKillGracePeriodSeconds: termination } : {}),
  };
}

/**
 * What Marathon cannot run (4A.3).
 * @throws SchedulerError with status 400
 */
export function assertRunnable(effective: ServiceParameters, options: AppDefinitionOptions): void {
  const refuse = (message: string): never => {
    throw new SchedulerError(message, 400, false);
  };
  if (effective['cmd-type'] === 'docker') refuse('Marathon does not run services of cmd-type docker');
  if (options.authenticatedChecks === 'refuse' && wantsCredentials(effective)) {
    refuse('Marathon cannot send credentials with health checks');
  }
  if (options.image === 'refuse' && text(effective, 'image') !== null) {
    refuse('This scheduler runs no images: the service must do without `image`');
  }
}

/** Whether Marathon's health checks can ask this service: they send no credentials, and speak HTTP/1.1. */
export function canCheck(
  effective: ServiceParameters,
  { http2Checks }: Pick<AppDefinitionOptions, 'http2Checks'>,
): boolean {
  if (wantsCredentials(effective)) return false;
  return http2Checks === 'marathon' || !protocolOf(effective).startsWith('h2');
}

const wantsCredentials = (effective: ServiceParameters): boolean =>
  (effective['health-check-authentication'] ?? 'disabled') !== 'disabled';

const protocolOf = (effective: ServiceParameters): string =>
  text(effective, 'health-check-proto') ?? text(effective, 'backend-proto') ?? 'http';

const ARCHIVE = /\.(tar|tgz|tbz2?|txz|zip|gz|bz2|xz)$/;

const artifact = (uri: string): Json => ({
  uri,
  extract: true,
  executable: !ARCHIVE.test(uri),
  cache: false,
});

/** Ports are those of the host in either, as without a container: instances are reached by host and port alone. */
function container(image: string | null, policy: ImagePolicy): { readonly container?: Json } {
  if (image === null || (policy !== 'mesos' && policy !== 'docker')) return {};
  const docker = policy === 'docker' ? { image, network: 'HOST' } : { image };
  return { container: { type: policy === 'docker' ? 'DOCKER' : 'MESOS', docker } };
}

function healthCheck(effective: ServiceParameters): Json {
  const protocol = protocolOf(effective);
  const grace = number(effective, 'grace-period-secs', 30);
  return {
    protocol: protocol === 'https' || protocol === 'h2' ? 'HTTPS' : 'HTTP',
    path: text(effective, 'health-check-url') ?? '/status',
    portIndex: number(effective, 'health-check-port-index', 0),
    // 0 means no limit, which Marathon has not: twice the life of an instance comes to the same.
    gracePeriodSeconds: grace > 0 ? grace : 2 * 60 * (number(effective, 'instance-expiry-mins', 0) || 7200),
    intervalSeconds: number(effective, 'health-check-interval-secs', 10),
    timeoutSeconds: HEALTH_CHECK_TIMEOUT_SECONDS,
    maxConsecutiveFailures: number(effective, 'health-check-max-consecutive-failures', 5),
  };
}

function text(parameters: ServiceParameters, name: string): string | null {
  const value = parameters[name];
  return typeof value === 'string' ? value : null;
}

function number(parameters: ServiceParameters, name: string, fallback: number): number {
  const value = parameters[name];
  return typeof value === 'number' ? value : fallback;
}
