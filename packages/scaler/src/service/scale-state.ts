import type { Decision } from '@waiter/scaling';
import type { SavedPolicy } from '../policy/adviser';

/** A busy service's last use is saved only so often. */
const BUSY_PRECISION_MS = 5_000;
/** What a policy carries over is saved as often; its word at once. */
const POLICY_PRECISION_MS = 5_000;

/** What survives the leader, in `store.services.saveScaleState`. */
export interface ScaleState {
  readonly targetInstances: number;
  /** Wall clock, as are all of these. */
  readonly evaluatedAtMs: number;
  /** Last time somebody used the service or asked for it. */
  readonly lastBusyAtMs: number;
  readonly lastKillAtMs: number | null;
  /** What the latest decision was for, before waits and limits. */
  readonly scaleAmount: number;
  readonly scaleToInstances: number;
  /** Of the latest decision; what the API shows as `scaling-state`. */
  readonly label: Decision['label'];
  /** Of a service whose `scaling-policy` is not the formula. */
  readonly policy?: SavedPolicy | null;
}

/** A decision on its way to the scheduler; a newer one takes its place. */
export interface PendingDecision {
  readonly id: string;
  readonly decision: Exclude<Decision, { kind: 'none' }>;
  readonly decidedAtMs: number;
  /** When a router or the tick asked, wall clock. */
  readonly askedAtMs: number;
}

/** Whether enough has changed since it was saved that a new leader would miss it. */
export function worthSaving(saved: ScaleState | null, state: ScaleState): boolean {
  return (
    saved === null ||
    Math.abs(saved.targetInstances - state.targetInstances) > 1e-3 ||
    saved.lastKillAtMs !== state.lastKillAtMs ||
    saved.label !== state.label ||
    saved.scaleToInstances !== state.scaleToInstances ||
    state.lastBusyAtMs - saved.lastBusyAtMs >= BUSY_PRECISION_MS ||
    state.lastBusyAtMs < saved.lastBusyAtMs ||
    (state.policy?.askedAtMs ?? 0) - (saved.policy?.askedAtMs ?? 0) >= POLICY_PRECISION_MS
  );
}
