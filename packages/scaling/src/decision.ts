import type { Demand, DeploymentError, InstanceId, LoadBalancing } from '@waiter/core';
import type { Advice } from './advice';
import type { KillCandidate } from './choose-kills';
import type { Resources } from './quanta';
import type { ScalingConfig } from './scaling-config';

/** What the previous evaluation left behind; null before the first one. */
export interface Carried {
  readonly targetInstances: number;
  readonly evaluatedAtMs: number;
}

/** The service as the scheduler reports it; draining instances are included in both counts until they are killed there. */
export interface SchedulerCounts {
  readonly requested: number;
  /** Staged, running or being killed. */
  readonly scheduled: number;
}

/** Bounds and waits of a decision. All have defaults, see `DEFAULT_LIMITS`. */
export interface DecisionLimits {
  /** The most that one scheduler call may ask for. */
  readonly quanta: Resources;
  /** Strictly more than this must have passed since the last kill. */
  readonly interKillMs: number;
  /** More expired unhealthy instances than this do not count: the scheduler replaces those itself. */
  readonly maxExpiredUnhealthy: number;
  /** `minimum` starts max(1, min-instances) and lets the formula grow them; `ideal` starts what demand wants at once. */
  readonly coldStart: 'minimum' | 'ideal';
  /** See `KillRules.includeBusy`; safe where kills go by the drain protocol. */
  readonly killBusy: boolean;
  /** `one` a pass, as the original; `surplus`: as many as the formula finds too many. */
  readonly killsPerPass: 'one' | 'surplus';
}

export interface DecisionInput {
  readonly config: ScalingConfig;
  readonly loadBalancing: LoadBalancing;
  /** All token references point to a newer version; then min-instances counts as 1 at most (1.6). */
  readonly stale: boolean;
  /** What one instance claims. */
  readonly resources: Resources;
  readonly demand: Pick<Demand, 'inFlight' | 'queued'>;
  /** Null when the scheduler does not know the service. */
  readonly scheduler: SchedulerCounts | null;
  /** Every instance of the scheduler's list, with what is known of it. */
  readonly instances: readonly KillCandidate[];
  readonly deploymentError: DeploymentError | null;
  readonly previous: Carried | null;
  readonly lastKillAtMs: number | null;
  readonly nowMs: number;
  /** A policy's word in place of the formula's; null: the formula decides. */
  readonly advice?: Advice | null;
  readonly limits?: Partial<DecisionLimits>;
}

/** The numbers that a decision was taken on, for records and metrics. */
export interface DecisionInputs {
  readonly inFlight: number;
  readonly queued: number;
  readonly requested: number;
  readonly scheduled: number;
  readonly draining: number;
  /** Requested without the draining ones: what the formula calls total. */
  readonly total: number;
  /** Scheduled without the draining and killed ones. */
  readonly tasks: number;
  readonly healthy: number;
  readonly expired: number;
  readonly previousTarget: number | null;
  /** Seconds since the previous evaluation, with fractions; null on the first. */
  readonly ticks: number | null;
  readonly minInstances: number;
  readonly maxInstances: number;
  readonly concurrencyLevel: number;
  readonly scaleFactor: number;
  readonly scaleUpFactor: number;
  readonly scaleDownFactor: number;
  readonly jitterThreshold: number;
  readonly expiredInstanceRestartRate: number;
}

/** The label of `scaling-state` in `GET /apps` (1.4). */
export type ScalingStateLabel = 'scale-up' | 'scale-down' | 'stable';

interface DecisionBase {
  /** To carry into the next evaluation, with the time of this one. */
  readonly targetInstances: number;
  /** What the formula asked for, before waits and limits. */
  readonly scaleAmount: number;
  readonly scaleToInstances: number;
  readonly label: ScalingStateLabel;
  readonly inputs: DecisionInputs;
  /** Every number and condition on the way, in order; empty when the formula was not asked. */
  readonly steps: Readonly<Record<string, number | string | boolean | null>>;
  /** One sentence for people. */
  readonly reason: string;
}

/** What to do with one service now. Every count is what the scheduler has to be told: draining ones are included. */
export type Decision = DecisionBase &
  (
    | { readonly kind: 'none' }
    | { readonly kind: 'create'; readonly instances: number }
    | { readonly kind: 'scale-up'; readonly instances: number }
    /** More was requested than could be placed, and less is wanted by now: lower the requested count, kill nothing. */
    | { readonly kind: 'force-scale'; readonly instances: number }
    /** Take these back into rotation; `remaining` more are wanted: evaluate again at once when it is not 0. */
    | { readonly kind: 'reopen'; readonly instanceIds: readonly InstanceId[]; readonly remaining: number }
    /** Drain and kill `count` of `candidates`: the first that can be had. */
    | { readonly kind: 'kill'; readonly candidates: readonly InstanceId[]; readonly count: number }
  );
