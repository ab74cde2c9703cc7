import type { DeploymentError, Instance, InstanceId, ServiceId, ServiceParameters } from '@waiter/core';

/** One service as the scheduler runs it (spec: scaling-and-schedulers 3.1). */
export interface ScheduledService {
  readonly id: ServiceId;
  /** Requested count; changes at once, tasks follow. */
  readonly requested: number;
  /** Instances that are staged, running or being killed. */
  readonly scheduled: number;
  /** Started or starting, not known to have ended. */
  readonly active: readonly Instance[];
  /** The most recent failures the scheduler remembers, newest last, at most 10. */
  readonly failed: readonly Instance[];
  /** What the app was created from, read back from its labels; null when the labels are missing or unreadable. */
  readonly description: ServiceParameters | null;
  readonly deploymentError: DeploymentError | null;
}

/** What `create` needs to start a service. */
export interface ServiceSpec {
  readonly id: ServiceId;
  /** The core description (what the user wrote); kept in labels so that services can be rebuilt from the scheduler. */
  readonly description: ServiceParameters;
  /** The description with defaults, profile and overrides applied: what is run. */
  readonly effective: ServiceParameters;
  /** Complete environment of an instance (spec: scaling-and-schedulers 3.13). */
  readonly environment: Readonly<Record<string, string>>;
  /** Instances to start with. */
  readonly instances: number;
}

export type KillResult =
  { readonly killed: true } | { readonly killed: false; readonly message: string; readonly status: number };
export type DeleteResult = 'deleted' | 'no-such-service' | 'busy';

/**
 * Told as soon as the scheduler says something about an instance, before the next full list.
 * `started` carries the address, so that readiness can be probed at once.
 */
export type SchedulerEvent =
  | { readonly type: 'started'; readonly instance: Instance }
  | {
      readonly type: 'ended';
      readonly serviceId: ServiceId;
      readonly instanceId: InstanceId;
      readonly failed: Instance | null;
    }
  | {
      readonly type: 'health';
      readonly serviceId: ServiceId;
      readonly instanceId: InstanceId;
      readonly healthy: boolean;
    }
  /** Something about this service changed (null: anything may have); list again. */
  | { readonly type: 'changed'; readonly serviceId: ServiceId | null };

/**
 * What really runs instances. Every driver passes the conformance suite (`describeScheduler`).
 * Calls reject with `SchedulerError`; `transient` tells whether a retry can help.
 */
export interface Scheduler {
  readonly kind: string;
  list(): Promise<readonly ScheduledService[]>;
  get(id: ServiceId): Promise<ScheduledService | null>;
  /** Idempotent: `false` when the service exists already. */
  create(spec: ServiceSpec): Promise<boolean>;
  /** Sets the requested count. `force` also gives up deployments that never finish; neither kills chosen instances. */
  scale(id: ServiceId, instances: number, options?: { readonly force?: boolean }): Promise<void>;
  /** Kills this instance and lowers the requested count by one, together. */
  kill(
    instance: Pick<Instance, 'id' | 'serviceId'>,
    options?: { readonly force?: boolean },
  ): Promise<KillResult>;
  delete(id: ServiceId): Promise<DeleteResult>;
  /** Starts the event stream; reconnects by itself; `changed` with null after every (re)connection. */
  subscribe(listener: (event: SchedulerEvent) => void): void;
  /** What the leader has to do beside scaling: called every 15 s while it leads. @throws SchedulerError */
  maintain?(): Promise<void>;
  /** Forgets what `maintain` has noted: somebody else leads. */
  rest?(): void;
  /**
   * True while the part of the scheduler that runs such a service has not answered yet: that the service is not listed means
   * nothing then. Absent: never.
   */
  isHidden?(effective: ServiceParameters): boolean;
  /**
   * False for a service that the scheduler cannot check: it never shows its instances as healthy, and replaces none that is not.
   * Absent: it checks all.
   */
  checksHealth?(effective: ServiceParameters): boolean;
  close(): Promise<void>;
}

export class SchedulerError extends Error {
  constructor(
    message: string,
    /** HTTP status of the answer, or null when none came. */
    readonly status: number | null,
    /** 5xx gateway statuses, refused connections and timeouts (spec: scaling-and-schedulers 3.3). */
    readonly transient: boolean,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'SchedulerError';
  }
}
