import type { DecisionInputs } from './decision';
import type { Observation, Policy, PolicyLimits } from './policies/policy';
import type { ScaleResult } from './scale-service';

/** What a policy wants of a running service, in place of the formula's target. */
export interface Advice {
  readonly policy: string;
  /** Instances, within the limits; expired ones and their replacements not thought of. */
  readonly instances: number;
  readonly steps: Readonly<Record<string, number | string | boolean | null>>;
}

/** What is carried from one question to the next; plain data, so that a new leader carries on with it. */
export interface PolicyState {
  readonly advice: Advice;
  readonly memory: unknown;
  readonly askedAtMs: number;
}

/** An evaluation that comes this much before the policy's interval is over still counts as on time. */
const EARLY = 0.1;

/** Whether the policy wants to be asked again. Between its intervals its last advice stands. */
export function adviceDue(policy: Policy, state: PolicyState | null, nowMs: number): boolean {
  // A clock that was set back must not silence a policy.
  const sinceMs = state === null ? Number.POSITIVE_INFINITY : Math.abs(nowMs - state.askedAtMs);
  return sinceMs >= policy.intervalMs * (1 - EARLY);
}

/** Asks the policy. Pure. A memory that it did not leave behind itself is not shown to it. */
export function askPolicy(
  policy: Policy,
  limits: PolicyLimits,
  seen: Observation,
  state: PolicyState | null,
): PolicyState {
  const memory = state?.advice.policy === policy.name ? state.memory : null;
  const decision = policy.decide(limits, seen, memory);
  return {
    advice: { policy: policy.name, instances: decision.instances, steps: decision.steps },
    memory: decision.memory,
    askedAtMs: seen.nowMs,
  };
}

/** Advice as the formula's result: with expired instances replaced on top of it, a share at a time (1.2.7). */
export function followAdvice(
  advice: Advice,
  seen: DecisionInputs,
  expiredInstanceRestartRate: number,
): Pick<
  ScaleResult,
  'scaleAmount' | 'scaleToInstances' | 'targetInstances' | 'replace' | 'excess' | 'reason'
> {
  const { total, healthy, expired, minInstances, maxInstances } = seen;
  // Limits may have changed since the policy was asked; the lower bound wins, as in the formula.
  const wanted = Math.max(minInstances, Math.min(maxInstances, advice.instances));
  const replacing = expired > 0 && !(wanted < total && total === healthy);
  const replace = replacing ? Math.ceil(expired * expiredInstanceRestartRate) : 0;
  const excess = replacing ? Math.max(0, healthy - wanted) : 0;
  const scaleToInstances = wanted + replace - excess;
  const scaleAmount = scaleToInstances - total;
  const act =
    scaleAmount > 0 ? `start ${scaleAmount}` : scaleAmount < 0 ? `stop ${-scaleAmount}` : 'no change';
  const replaced = replace > 0 ? `, ${replace} of ${expired} expired to replace` : '';
  return {
    scaleAmount,
    scaleToInstances,
    targetInstances: wanted,
    replace,
    excess,
    reason: `${seen.inFlight + seen.queued} queued+in flight, ${advice.policy} wants ${wanted}, ${total} running${replaced}: ${act}`,
  };
}
