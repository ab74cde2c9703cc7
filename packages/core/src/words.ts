/**
 * The words of CONTEXT.md as types. Every package speaks these; none adds a synonym.
 */

/** A JSON value as it arrives in tokens and headers; untrusted until validated. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Service parameters by their wire names (spec: services-and-tokens 1.2). A partial map until validated. */
export type ServiceParameters = Readonly<Record<string, Json>>;

/** Hash of a service description, with the cluster's prefix: `waiter-service-[<name>-]<md5 hex>`. */
export type ServiceId = string;

/** `<service id>.<suffix>`; the scheduler's task id. */
export type InstanceId = string;

/** One event loop of a router that proxies: `<router id>/<n>`. */
export type WorkerId = string;

/** Grows by one with each new leader; writers that act as leader pass it, Redis refuses an older one. */
export type Epoch = number;

export type BackendProto = 'http' | 'https' | 'h2' | 'h2c';
/** What can decide the number of a service's instances; `original` where a description names none. */
export const SCALING_POLICIES = ['original', 'kpa', 'hpa', 'target-tracking', 'predictive'] as const;
export type ScalingPolicy = (typeof SCALING_POLICIES)[number];
export type LoadBalancing = 'oldest' | 'youngest' | 'random';

/** Where an instance listens. `host` is a literal address or name; ports are TCP ports, the first one is served. */
export interface Address {
  readonly host: string;
  readonly port: number;
  readonly extraPorts: readonly number[];
}

/** What is known of a copy that is not healthy (spec: scaling-and-schedulers 3.1). */
export type InstanceFlag =
  | 'expired'
  | 'has-connected'
  | 'has-responded'
  | 'never-passed-health-checks'
  | 'memory-limit-exceeded'
  | 'image-unavailable'
  | 'hangup-exception'
  | 'timeout-exception'
  | 'ssl-exception';

/** One running (or failed) copy of a service as the scheduler sees it. */
export interface Instance extends Address {
  readonly id: InstanceId;
  readonly serviceId: ServiceId;
  /** Epoch milliseconds; null while the scheduler has only staged it. */
  readonly startedAtMs: number | null;
  readonly healthy: boolean;
  readonly flags: readonly InstanceFlag[];
  /** HTTP status of the last failed health check. */
  readonly healthCheckStatus: number | null;
  readonly exitCode: number | null;
  readonly message: string | null;
  readonly logDirectory: string | null;
}

/** What stops a service from ever getting healthy (spec: scaling-and-schedulers 3.9); its waiters fail at once. */
export interface DeploymentError {
  /** Key of the spec's table, e.g. `bad-startup-command`. */
  readonly key: string;
  /** Without the `Deployment error: ` prefix. */
  readonly message: string;
  readonly details?: string;
}

/** Requests in flight plus queued, summed over all routers, for one service. */
export interface Demand {
  readonly inFlight: number;
  readonly queued: number;
  /** Age in milliseconds of the oldest queued request; 0 when none waits. */
  readonly oldestWaitMs: number;
}
