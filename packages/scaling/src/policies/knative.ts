import { within, type Policy } from './policy';
import { meanOver, remember, type Window } from './window';

/** Defaults of Knative Serving's `config-autoscaler` and the tick of its autoscaler. */
const KPA = {
  tickMs: 2000,
  stableWindowMs: 60_000,
  panicWindowMs: 6000,
  panicThreshold: 2,
  targetUtilization: 0.7,
  maxScaleUpRate: 1000,
  maxScaleDownRate: 2,
  scaleToZeroGraceMs: 30_000,
} as const;

interface Memory {
  readonly window: Window;
  /** When the panic was last confirmed; null outside of it. */
  readonly panicSinceMs: number | null;
  readonly panicInstances: number;
  /** Since when nothing is wanted; null while something is. */
  readonly idleSinceMs: number | null;
}

/**
 * Knative's pod autoscaler (KPA) on concurrency: the 60 s mean decides, unless the 6 s mean wants twice what is ready; then the
 * most that it wanted holds for 60 s.
 */
export const knative: Policy<Memory> = {
  name: 'kpa',
  description: 'Knative pod autoscaler',
  intervalMs: KPA.tickMs,
  queueLookMs: null,
  stopsPerEvaluation: null,
  constants: KPA,
  decide(limits, seen, memory) {
    const { nowMs } = seen;
    const window = remember(memory?.window ?? [], nowMs, seen.elapsedMs, seen.meanDemand, KPA.stableWindowMs);
    const perInstance = limits.concurrencyLevel * KPA.targetUtilization;
    const ready = Math.max(1, seen.ready);
    const most = Math.ceil(KPA.maxScaleUpRate * ready);
    const least = Math.floor(ready / KPA.maxScaleDownRate);
    const stableMean = meanOver(window, nowMs, KPA.stableWindowMs) ?? seen.meanDemand;
    const panicMean = meanOver(window, nowMs, KPA.panicWindowMs) ?? seen.meanDemand;
    const bounded = (mean: number): number => Math.min(most, Math.max(least, Math.ceil(mean / perInstance)));
    const over = Math.ceil(panicMean / perInstance) / ready >= KPA.panicThreshold;

    let panicSinceMs = over ? nowMs : (memory?.panicSinceMs ?? null);
    if (panicSinceMs !== null && panicSinceMs + KPA.stableWindowMs < nowMs) panicSinceMs = null;
    const stable = bounded(stableMean);
    const panicInstances =
      panicSinceMs === null ? 0 : Math.max(memory?.panicInstances ?? 0, stable, bounded(panicMean));
    const desired = panicSinceMs === null ? stable : panicInstances;

    const idleSinceMs = desired > 0 ? null : (memory?.idleSinceMs ?? nowMs);
    const graced =
      idleSinceMs !== null && nowMs - idleSinceMs < KPA.scaleToZeroGraceMs
        ? Math.min(1, seen.total)
        : desired;
    return {
      instances: within(limits, graced),
      memory: { window, panicSinceMs, panicInstances, idleSinceMs },
      steps: { stableMean, panicMean, stable, panic: panicSinceMs !== null, panicInstances, desired },
    };
  },
};
