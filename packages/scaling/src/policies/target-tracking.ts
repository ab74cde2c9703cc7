import { within, type Policy } from './policy';
import { remember, type Window } from './window';

/** Target tracking as cloud autoscalers do it: alarms over one-minute means. After AWS Application Auto Scaling, simplified: see docs/autoscaling.md. */
const TRACKING = {
  periodMs: 60_000,
  targetUtilization: 0.7,
  /** Scale out after this many minutes above the target, in after that many below 90% of it. */
  outPeriods: 3,
  inPeriods: 15,
  inBelow: 0.9,
  outCooldownMs: 300_000,
  inCooldownMs: 300_000,
} as const;

interface Memory {
  readonly utilizations: Window;
  readonly lastScaledMs: number | null;
}

/**
 * Keeps the mean utilisation of slots near a target, by alarms over one-minute means and with cooldowns. Utilisation is at most
 * 100%, as that of a CPU is: a queue does not show in it.
 */
export const targetTracking: Policy<Memory> = {
  name: 'target-tracking',
  description: 'target tracking of utilisation over minutes',
  intervalMs: TRACKING.periodMs,
  queueLookMs: null,
  stopsPerEvaluation: null,
  constants: TRACKING,
  decide(limits, seen, memory) {
    const { nowMs, total } = seen;
    const utilization = Math.min(1, seen.meanDemand / (limits.concurrencyLevel * Math.max(1, total)));
    const keepMs = TRACKING.inPeriods * TRACKING.periodMs;
    const window = remember(memory?.utilizations ?? [], nowMs, seen.elapsedMs, utilization, keepMs);
    const last = memory?.lastScaledMs ?? null;
    const quietMs = last === null ? Number.POSITIVE_INFINITY : nowMs - last;
    const all = (periods: number, test: (value: number) => boolean): boolean =>
      window.length >= periods && window.slice(-periods).every(([, , value]) => test(value));
    const out =
      all(TRACKING.outPeriods, (value) => value > TRACKING.targetUtilization) &&
      quietMs >= TRACKING.outCooldownMs;
    const shrink =
      all(TRACKING.inPeriods, (value) => value < TRACKING.targetUtilization * TRACKING.inBelow) &&
      quietMs >= TRACKING.inCooldownMs;
    const tracked = Math.ceil((utilization * Math.max(1, total)) / TRACKING.targetUtilization);
    const wanted = out ? Math.max(total, tracked) : shrink ? Math.min(total, Math.max(1, tracked)) : total;
    const instances = within(limits, wanted);
    return {
      instances,
      memory: { utilizations: window, lastScaledMs: instances === total ? last : nowMs },
      steps: { utilization, out, in: shrink, tracked },
    };
  },
};
