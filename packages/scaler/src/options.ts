import type { DescriptionSettings } from '@waiter/core';
import { DEFAULT_QUANTA, type DecisionLimits, type Resources } from '@waiter/scaling';
import type { DeploymentErrorRules } from './service/deployment-error';

/** What a scaler is told by its configuration; milliseconds where a name ends in `Ms`. */
export interface ScalerOptions {
  /** Unique per process: the candidate of the leadership lease. */
  readonly id: string;
  readonly clusterName: string;
  /** The first one makes the password that instances know (spec: scaling-and-schedulers 3.6). */
  readonly passwords: readonly string[];
  /** `HOME` of an instance is this and its run-as-user. */
  readonly homePathPrefix: string;
  /** Defaults and profiles, to rebuild services of which only the scheduler knows. */
  readonly descriptions: DescriptionSettings;

  readonly leaseMs: number;
  readonly renewMs: number;
  /** How often every service is evaluated. */
  readonly tickMs: number;
  /** How often the scheduler's list is compared with what events told. */
  readonly reconcileMs: number;
  /** How often the slots of workers that fell silent are freed. */
  readonly reapMs: number;

  /** An instance on which so many requests failed in a row is replaced. */
  readonly expiryFailures: number;

  readonly quanta: Resources;
  readonly coldStart: DecisionLimits['coldStart'];
  /** Strictly more than this lies between two stops of one service. */
  readonly interKillMs: number;
  readonly killsPerPass: DecisionLimits['killsPerPass'];
  /** So many expired instances that are not healthy are replaced beside the healthy ones (1.5). */
  readonly maxExpiredUnhealthyInstances: number;
  /** A draining instance is killed when this has passed, whatever it still serves. */
  readonly drainTimeoutMs: number;
  /** The same for an expired one, if it is less. */
  readonly lingeringRequestThresholdMs: number;

  readonly probeMinMs: number;
  readonly probeMaxMs: number;
  readonly healthCheckTimeoutMs: number;
  /** An instance that vanished after as many failed checks counts as failed (3.5). */
  readonly failedCheckThreshold: number;
  readonly deploymentError: DeploymentErrorRules;
  /** How long a refusal of the scheduler stands before a service is offered to it again. */
  readonly refusalMs: number;

  /** How often instances are counted for statsd. */
  readonly statsdIntervalMs: number;
  /** How often idle and broken services are looked for. */
  readonly gcIntervalMs: number;
  /** How often the latest versions of tokens whose earlier services are in use are started. */
  readonly startNewIntervalMs: number;
  /** Nothing is collected for this long after an election or a restart of Redis. */
  readonly settleMs: number;
  /** A service that only fails and that nobody asks for is deleted after this and its grace period. */
  readonly brokenServiceTimeoutMs: number;
  /** On so many hosts it must have failed. */
  readonly brokenServiceMinHosts: number;
}

/** What has no default. */
export type ScalerIdentity = Pick<ScalerOptions, 'id' | 'clusterName' | 'passwords' | 'descriptions'>;

export const DEFAULT_OPTIONS: Omit<ScalerOptions, keyof ScalerIdentity> = {
  homePathPrefix: '/home/',
  leaseMs: 3_000,
  renewMs: 500,
  tickMs: 1_000,
  reconcileMs: 5_000,
  reapMs: 500,
  expiryFailures: 5,
  quanta: DEFAULT_QUANTA,
  coldStart: 'minimum',
  interKillMs: 1_000,
  killsPerPass: 'one',
  maxExpiredUnhealthyInstances: 2,
  drainTimeoutMs: 14_400_000,
  lingeringRequestThresholdMs: 14_400_000,
  probeMinMs: 2,
  probeMaxMs: 200,
  healthCheckTimeoutMs: 1_000,
  failedCheckThreshold: 5,
  deploymentError: { minFailedInstances: 2, minHosts: 2 },
  refusalMs: 60_000,
  statsdIntervalMs: 10_000,
  gcIntervalMs: 60_000,
  startNewIntervalMs: 5_000,
  settleMs: 10_000,
  brokenServiceTimeoutMs: 1_800_000,
  brokenServiceMinHosts: 2,
};

/** Fills in the defaults. */
export function scalerOptions(given: ScalerIdentity & Partial<ScalerOptions>): ScalerOptions {
  return { ...DEFAULT_OPTIONS, ...given };
}
