import type { KillCandidate } from './choose-kills';
import type { DecisionInput, DecisionInputs, DecisionLimits } from './decision';
import { DEFAULT_QUANTA } from './quanta';

/** Defaults of the original (spec: scaling-and-schedulers 1.5, 1.8, 1.9, 3.4). */
export const DEFAULT_LIMITS: DecisionLimits = {
  quanta: DEFAULT_QUANTA,
  interKillMs: 1000,
  maxExpiredUnhealthy: 2,
  coldStart: 'minimum',
  killBusy: false,
  killsPerPass: 'one',
};

const counted = (instance: KillCandidate): boolean => instance.fate === 'open' || instance.fate === 'locked';

/**
 * Reduces what is known to the numbers of the formula. A draining instance still counts at the scheduler but serves
 * nothing new, and a killed one is listed until it is gone: neither is an instance for the formula, so that a
 * stop in progress is not decided twice.
 */
export function observe(input: DecisionInput, limits: DecisionLimits): DecisionInputs {
  const { config, previous } = input;
  const open = input.instances.filter(counted);
  const withFate = (fate: KillCandidate['fate']): number =>
    input.instances.filter((instance) => instance.fate === fate).length;
  const draining = withFate('draining');
  const requested = input.scheduler?.requested ?? 0;
  const scheduled = input.scheduler?.scheduled ?? 0;
  const expired = open.filter((instance) => instance.expired);
  const expiredHealthy = expired.filter((instance) => instance.healthy).length;
  return {
    inFlight: input.demand.inFlight,
    queued: input.demand.queued,
    requested,
    scheduled,
    draining,
    total: Math.max(0, requested - draining),
    tasks: Math.max(0, scheduled - draining - withFate('killed')),
    healthy: open.filter((instance) => instance.healthy).length,
    expired: expiredHealthy + Math.min(limits.maxExpiredUnhealthy, expired.length - expiredHealthy),
    previousTarget: previous?.targetInstances ?? null,
    // A clock that was set back must not turn time around.
    ticks: previous === null ? null : Math.max(0, input.nowMs - previous.evaluatedAtMs) / 1000,
    minInstances: input.stale ? Math.min(1, config.minInstances) : config.minInstances,
    maxInstances: config.maxInstances,
    concurrencyLevel: config.concurrencyLevel,
    scaleFactor: config.scaleFactor,
    scaleUpFactor: config.scaleUpFactor,
    scaleDownFactor: config.scaleDownFactor,
    jitterThreshold: config.jitterThreshold,
    expiredInstanceRestartRate: config.expiredInstanceRestartRate,
  };
}
