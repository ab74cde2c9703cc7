import { currentTokens } from '@waiter/core';
import type { Instance, Json, ServiceParameters } from '@waiter/core';
import type {
  InstanceSnapshot,
  OverridesState,
  PublishedInstance,
  ScalingPause,
  ServiceLoad,
  ServiceRecord,
  SuspendedState,
} from '@waiter/store';

export type ServiceStatus = 'Failing' | 'Inactive' | 'Starting' | 'Running';

/** Everything that is known of one service at one moment. */
export interface ServiceFacts {
  readonly record: ServiceRecord;
  /** Null until a leader has looked at it. */
  readonly snapshot: InstanceSnapshot | null;
  readonly load: ServiceLoad;
  /** Null until it was scaled. */
  readonly scalingState: string | null;
  /** Its own pause or that of the whole cluster. */
  readonly scalingPause: ScalingPause | null;
  /** Present versions of the tokens that led to it (and of others); null: deleted. */
  readonly tokenVersions: ReadonlyMap<string, string | null>;
}

/** Spec: scaling-and-schedulers 3.9, last line. */
export function statusOf(snapshot: InstanceSnapshot | null): ServiceStatus {
  if (snapshot === null) return 'Inactive';
  if (snapshot.deploymentError !== null) return 'Failing';
  if (snapshot.requested === 0 && snapshot.scheduled === 0) return 'Inactive';
  return snapshot.instances.some(({ healthy }) => healthy) ? 'Running' : 'Starting';
}

/** Healthy ones first, each by start time, then id. */
export function activeInstances(snapshot: InstanceSnapshot | null): readonly PublishedInstance[] {
  return [...(snapshot?.instances ?? [])].sort(
    (a, b) => Number(b.healthy) - Number(a.healthy) || byStart(a, b),
  );
}

export function byStart(a: Instance, b: Instance): number {
  return (a.startedAtMs ?? 0) - (b.startedAtMs ?? 0) || (a.id < b.id ? -1 : Number(a.id !== b.id));
}

/** What `/apps` and `/apps/<id>` have in common (spec: services-and-tokens 4.6, 4.7.1). */
export function commonView(facts: ServiceFacts): Record<string, Json> {
  const { record, snapshot, load, scalingState, scalingPause, tokenVersions } = facts;
  const current = [...currentTokens(record.references, (token) => tokenVersions.get(token) ?? null)];
  const error = snapshot?.deploymentError ?? null;
  return {
    status: statusOf(snapshot),
    'service-description': { ...record.description },
    'request-metrics': { outstanding: load.inFlight + load.queued, total: load.total },
    'last-request-time': isoTime(load.lastRequestAtMs),
    'resource-usage': resourceUsage(record.effective, snapshot?.instances.length ?? 0),
    ...(scalingState === null ? {} : { 'scaling-state': scalingState }),
    ...(scalingPause === null ? {} : { 'scaling-paused': scalingPauseView(scalingPause) }),
    ...(current.length === 0 ? {} : { 'current-for-tokens': current }),
    ...(record.sourceTokens.length === 0 ? {} : { 'source-tokens': sourceTokens(record) }),
    ...(error === null ? {} : { 'deployment-error-message': `Deployment error: ${error.message}` }),
  };
}

/** How it came to be used (spec: services-and-tokens 2.10). */
export function references(record: ServiceRecord): Json {
  return record.references.map((reference) => ({ ...reference }));
}

export function overridesView({ overrides, by, atMs }: OverridesState): Record<string, Json> {
  return { overrides: { ...overrides }, 'last-updated-by': by, time: new Date(atMs).toISOString() };
}

export function suspendedView({ suspended, by, atMs }: SuspendedState): Record<string, Json> {
  return { suspended, 'last-updated-by': by, time: new Date(atMs).toISOString() };
}

export function scalingPauseView({ by, atMs, reason }: ScalingPause): Record<string, Json> {
  return { by, reason, time: new Date(atMs).toISOString() };
}

/** Wire form of an instance (spec: services-and-tokens 4.7.1). */
export function instanceView(instance: Instance): Record<string, Json> {
  return {
    id: instance.id,
    'service-id': instance.serviceId,
    'started-at': isoTime(instance.startedAtMs),
    'healthy?': instance.healthy,
    'health-check-status': instance.healthCheckStatus,
    flags: [...instance.flags],
    'exit-code': instance.exitCode,
    host: instance.host,
    port: instance.port,
    'extra-ports': [...instance.extraPorts],
    'log-directory': instance.logDirectory,
    message: instance.message,
  };
}

export function isoTime(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}

function sourceTokens(record: ServiceRecord): { token: string; version: string }[][] {
  return record.sourceTokens.map((group) => group.map(({ token, version }) => ({ token, version })));
}

function resourceUsage(effective: ServiceParameters, instances: number): Json {
  const times = (value: Json | undefined): number =>
    typeof value === 'number' ? Number((value * instances).toPrecision(12)) : 0;
  return { cpus: times(effective['cpus']), mem: times(effective['mem']) };
}
