import { within, type Policy } from './policy';
import { maxOver, remember, type Window } from './window';

/** Defaults of the horizontal pod autoscaler (autoscaling/v2 and the controller manager's flags). */
const HPA = {
  syncPeriodMs: 15_000,
  tolerance: 0.1,
  downStabilizationMs: 300_000,
  /** Of an instance's slots; the default target of the CPU metric, applied to concurrency. */
  targetUtilization: 0.8,
  /** Per sync period at most: twice as many, or four more. */
  upPercent: 100,
  upPods: 4,
  downPercent: 100,
} as const;

interface Memory {
  readonly recommendations: Window;
}

/**
 * Kubernetes' horizontal pod autoscaler on requests in flight and queued per instance. Starting instances count as unused when it
 * grows; it never goes below one.
 */
export const kubernetes: Policy<Memory> = {
  name: 'hpa',
  description: 'Kubernetes horizontal pod autoscaler',
  intervalMs: HPA.syncPeriodMs,
  queueLookMs: null,
  stopsPerEvaluation: null,
  constants: HPA,
  decide(limits, seen, memory) {
    const { nowMs, ready, total } = seen;
    const perInstance = limits.concurrencyLevel * HPA.targetUtilization;
    const readyRatio = ready > 0 ? seen.meanDemand / (ready * perInstance) : null;
    const recommended = recommend(readyRatio, seen.meanDemand / perInstance, ready, total);
    const window = remember(
      memory?.recommendations ?? [],
      nowMs,
      HPA.syncPeriodMs,
      recommended,
      HPA.downStabilizationMs,
    );
    // Scaling up is not stabilised; scaling down goes to the highest recommendation of the window.
    const stabilized = Math.max(
      recommended,
      Math.min(total, maxOver(window, nowMs, HPA.downStabilizationMs, recommended)),
    );
    const most = Math.max(total * (1 + HPA.upPercent / 100), total + HPA.upPods);
    return {
      instances: within(
        { ...limits, minInstances: Math.max(1, limits.minInstances) },
        Math.min(most, stabilized),
      ),
      memory: { recommendations: window },
      steps: { readyRatio, recommended, stabilized, most },
    };
  },
};

function recommend(readyRatio: number | null, wanted: number, ready: number, total: number): number {
  if (total === 0) return Math.ceil(wanted);
  const starting = total - ready;
  if (readyRatio !== null && (starting === 0 || readyRatio <= 1)) {
    return Math.abs(readyRatio - 1) <= HPA.tolerance ? total : Math.ceil(readyRatio * ready);
  }
  // Instances that are not ready count as unused; when that turns growth into shrinking, nothing is done.
  const ratio = wanted / total;
  return ratio <= 1 + HPA.tolerance ? total : Math.ceil(wanted);
}
