import { followAdvice } from './advice';
import { chooseKills, effectiveLoadBalancing } from './choose-kills';
import type { Decision, DecisionInput, DecisionInputs, DecisionLimits, ScalingStateLabel } from './decision';
import { DEFAULT_LIMITS, observe } from './observe';
import { quantaLimit } from './quanta';
import { boundSurge, type Bounded } from './surge';
import { idealInstances, instances, scaleService } from './scale-service';

type Step = number | string | boolean | null;
type Base = Omit<Extract<Decision, { kind: 'none' }>, 'kind'>;

/**
 * One whole evaluation of one service: what to do now, and why. Pure; the same input gives the same decision
 * (spec: scaling-and-schedulers 1.2 to 1.9, 1.12).
 *
 * An amount that could not be acted on is not lost: the next evaluation finds the same difference again.
 */
export function decide(input: DecisionInput): Decision {
  const limits: DecisionLimits = { ...DEFAULT_LIMITS, ...input.limits };
  const seen = observe(input, limits);
  if (seen.total === 0 && seen.inFlight + seen.queued > 0) return coldStart(input, seen, limits);
  if (input.scheduler === null) return rest(seen, 0, 'not running and nobody asks for it');
  if (seen.previousTarget === null || seen.ticks === null) {
    return rest(seen, seen.tasks, `first evaluation: starting from the ${instances(seen.tasks)} there are`);
  }

  let result: ReturnType<typeof scaled>;
  try {
    result = scaled(input, seen, seen.previousTarget, seen.ticks);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    // Bad parameters of one service stop the scaling of that one only (1.5).
    return rest(seen, seen.previousTarget, `not scaled: ${error.message}`);
  }
  const { reason, ...steps } = result;
  const base: Base = {
    targetInstances: result.targetInstances,
    scaleAmount: result.scaleAmount,
    scaleToInstances: result.scaleToInstances,
    label: label(result.scaleAmount),
    inputs: seen,
    steps,
    reason,
  };
  if (result.scaleAmount > 0) return grow(input, base, limits);
  if (result.scaleAmount < 0) return shrink(input, base, limits);
  return { kind: 'none', ...base };
}

/** The count aimed at: a policy's, or the formula's. @throws RangeError for parameters out of range */
function scaled(
  input: DecisionInput,
  seen: DecisionInputs,
  targetInstances: number,
  ticks: number,
): Bounded & Readonly<Record<string, Step>> {
  const { advice = null } = input;
  if (advice !== null) {
    const followed = followAdvice(advice, seen, input.config.expiredInstanceRestartRate);
    return boundSurge({ policy: advice.policy, ...advice.steps, ...followed }, seen);
  }
  const exact = scaleService(
    { ...input.config, minInstances: seen.minInstances },
    {
      outstanding: seen.inFlight + seen.queued,
      targetInstances,
      totalInstances: seen.total,
      healthyInstances: seen.healthy,
      expiredInstances: seen.expired,
    },
    ticks,
  );
  return boundSurge({ ...exact }, seen);
}

/** Somebody waits and nothing runs: no smoothing, the first instances at once. */
function coldStart(input: DecisionInput, seen: DecisionInputs, limits: DecisionLimits): Decision {
  const least = Math.max(1, seen.minInstances);
  const ideal = idealInstances(input.config, seen.inFlight + seen.queued);
  const wanted = Math.max(
    seen.minInstances,
    Math.min(seen.maxInstances, limits.coldStart === 'ideal' ? Math.max(least, ideal) : least),
  );
  if (wanted === 0) return rest(seen, 0, 'not started: max-instances is 0');
  const allowed = quantaLimit(wanted, input.resources, limits.quanta);
  const base: Base = {
    targetInstances: wanted,
    scaleAmount: wanted,
    scaleToInstances: wanted,
    label: 'scale-up',
    inputs: seen,
    steps: { ideal, wanted, allowed },
    reason: `${seen.inFlight + seen.queued} queued+in flight and nothing runs: start ${allowed}`,
  };
  if (input.scheduler === null) return { kind: 'create', ...base, instances: allowed };
  const reopened = reopen(input, base, wanted);
  if (reopened !== null) return reopened;
  return { kind: 'scale-up', ...base, instances: seen.draining + allowed };
}

function grow(input: DecisionInput, base: Base, limits: DecisionLimits): Decision {
  const { total, tasks, draining } = base.inputs;
  if (input.deploymentError !== null) {
    // What runs keeps trying, and its success clears the error; more copies of it would not help (11.2.7).
    return hold(base, `not while its deployment fails: ${input.deploymentError.message}`);
  }
  const reopened = reopen(input, base, base.scaleAmount);
  if (reopened !== null) return reopened;
  if (tasks < total) return hold(base, `${total - tasks} requested before are not placed yet`);
  const allowed = quantaLimit(base.scaleAmount, input.resources, limits.quanta);
  return {
    kind: 'scale-up',
    ...base,
    // `to` without what exceeds the quanta; the scheduler still counts those that drain.
    instances: base.scaleToInstances + (allowed - base.scaleAmount) + draining,
    steps: { ...base.steps, allowed },
    reason: allowed < base.scaleAmount ? `${base.reason}, ${allowed} at a time` : base.reason,
  };
}

/** Draining instances that serve are the quickest to get, and cost no start. Null when there are none. */
function reopen(input: DecisionInput, base: Base, amount: number): Decision | null {
  const draining = input.instances
    .filter((instance) => instance.fate === 'draining' && instance.healthy && !instance.expired)
    .map((instance) => ({ ...instance, fate: 'open' as const }));
  if (draining.length === 0 || amount <= 0) return null;
  // The one that would be killed last is wanted most.
  const wanted = chooseKills(draining, { loadBalancing: input.loadBalancing, includeBusy: true }).reverse();
  const instanceIds = wanted.slice(0, amount).map(({ id }) => id);
  return {
    kind: 'reopen',
    ...base,
    instanceIds,
    remaining: amount - instanceIds.length,
    reason: `${base.reason}, ${instanceIds.length} of them by keeping what was about to stop`,
  };
}

function shrink(input: DecisionInput, base: Base, limits: DecisionLimits): Decision {
  const { tasks, draining } = base.inputs;
  const to = base.scaleToInstances;
  if (tasks < to) return { kind: 'force-scale', ...base, instances: to + draining };
  if (tasks === to) return hold(base, 'the surplus was never placed or is stopping already');
  const { lastKillAtMs, nowMs } = input;
  if (lastKillAtMs !== null && nowMs <= lastKillAtMs + limits.interKillMs) {
    return hold(base, `the last stop was less than ${limits.interKillMs} ms ago`);
  }
  const candidates = chooseKills(input.instances, {
    loadBalancing: effectiveLoadBalancing(input.loadBalancing, true),
    includeBusy: limits.killBusy,
  }).map(({ id }) => id);
  if (candidates.length === 0) return hold(base, 'none can be spared now');
  const count = limits.killsPerPass === 'one' ? 1 : Math.min(tasks - to, candidates.length);
  return { kind: 'kill', ...base, candidates, count };
}

function hold(base: Base, because: string): Decision {
  return {
    kind: 'none',
    ...base,
    steps: { ...base.steps, waiting: because },
    reason: `${base.reason}; waits: ${because}`,
  };
}

function rest(seen: DecisionInputs, targetInstances: number, reason: string): Decision {
  return {
    kind: 'none',
    targetInstances,
    scaleAmount: 0,
    scaleToInstances: seen.total,
    label: 'stable',
    inputs: seen,
    steps: {},
    reason,
  };
}

/** The `scaling-state` label of an amount (1.4). */
function label(amount: number): ScalingStateLabel {
  return amount > 0 ? 'scale-up' : amount < 0 ? 'scale-down' : 'stable';
}
