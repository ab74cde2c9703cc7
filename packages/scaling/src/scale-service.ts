import { assertScalingConfig, type ScalingConfig } from './scaling-config';

/** What one evaluation knows about a service (spec: scaling-and-schedulers 1.1). */
export interface ScalingState {
  /** In flight plus queued, over all routers. */
  readonly outstanding: number;
  /** The moving average carried over from the previous evaluation. */
  readonly targetInstances: number;
  /** Requested at the scheduler, whether placed or not. */
  readonly totalInstances: number;
  readonly healthyInstances: number;
  /** Expired ones that count for replacement (1.5). */
  readonly expiredInstances: number;
}

/** The result of the formula and every number on the way to it. */
export interface ScaleResult {
  /** Instances to add (positive) or remove (negative). */
  readonly scaleAmount: number;
  readonly scaleToInstances: number;
  /** The moving average to carry into the next evaluation; changes even when nothing is done. */
  readonly targetInstances: number;
  readonly ideal: number;
  readonly smoothedUp: number;
  readonly smoothedDown: number;
  /** `targetInstances` minus the total. */
  readonly delta: number;
  readonly clamped: 'min-instances' | 'max-instances' | null;
  /** Why no instance is added or removed for `delta`; null when one is, or nothing was to be done. */
  readonly held: 'ideal-covered' | 'jitter' | null;
  /** Expired instances replaced in this pass; 0 when replacement does not apply. */
  readonly replace: number;
  /** Healthy instances beyond the count aimed at; 0 when replacement does not apply. */
  readonly excess: number;
  readonly reason: string;
}

/**
 * Subtracted before rounding up, so that a target that float arithmetic or a long tail of smoothing left a hair above a
 * whole number does not start another instance.
 */
const EPSILON = 0.01;

/** The share of a gap that is closed in `ticks` seconds when `factor` of it is closed in one. */
export function normalizeFactor(factor: number, ticks: number): number {
  return 1 - (1 - factor) ** ticks;
}

/** Instances that would serve these requests with no smoothing and no bounds. */
export function idealInstances(
  config: Pick<ScalingConfig, 'scaleFactor' | 'concurrencyLevel'>,
  outstanding: number,
): number {
  return Math.ceil((outstanding * config.scaleFactor) / config.concurrencyLevel);
}

/** JSON and `Object.is` tell 0 and -0 apart; people and the wire must not see the latter. */
const plain = (value: number): number => (value === 0 ? 0 : value);

/**
 * The scaling formula, exactly that of the original at whole seconds (spec: scaling-and-schedulers 1.2).
 * @param ticks seconds since the previous evaluation, at least 0; fractions are used as they are
 * @throws RangeError for parameters out of range
 */
export function scaleService(config: ScalingConfig, state: ScalingState, ticks: number): ScaleResult {
  assertScalingConfig(config);
  if (!(ticks >= 0)) throw new RangeError(`scale-ticks must be at least 0, not ${ticks}`);
  const {
    outstanding,
    targetInstances: target,
    totalInstances: total,
    healthyInstances,
    expiredInstances,
  } = state;
  const { minInstances, maxInstances } = config;
  const up = normalizeFactor(config.scaleUpFactor, ticks);
  const down = normalizeFactor(config.scaleDownFactor, ticks);
  const ideal = idealInstances(config, outstanding);
  const smoothedUp = up * ideal + (1 - up) * target;
  const smoothedDown = down * ideal + (1 - down) * target;
  const smoothed = smoothedUp >= target ? smoothedUp : smoothedDown;
  // The lower bound is applied last: min-instances above max-instances wins.
  const nextTarget = Math.max(minInstances, Math.min(maxInstances, smoothed));
  const delta = nextTarget - total;

  const held =
    delta > 0 && ideal <= total && total >= minInstances
      ? 'ideal-covered'
      : delta !== 0 && Math.abs(delta) < config.jitterThreshold
        ? 'jitter'
        : null;
  const amount = held === null ? Math.ceil(delta - EPSILON) : 0;
  const to = total + amount;
  // While it shrinks and all that is requested is healthy, the kill itself will pick an expired one first.
  const replacing = expiredInstances > 0 && !(amount < 0 && total === healthyInstances);
  const replace = replacing ? Math.ceil(expiredInstances * config.expiredInstanceRestartRate) : 0;
  const excess = replacing ? Math.max(0, healthyInstances - to) : 0;
  const scaleToInstances = to + replace - excess;
  const numbers = {
    scaleAmount: plain(scaleToInstances - total),
    scaleToInstances: plain(scaleToInstances),
    targetInstances: nextTarget,
    ideal: plain(ideal),
    smoothedUp,
    smoothedDown,
    delta,
    clamped:
      nextTarget === smoothed
        ? null
        : nextTarget === minInstances
          ? ('min-instances' as const)
          : ('max-instances' as const),
    held,
    replace: plain(replace),
    excess,
  } satisfies Omit<ScaleResult, 'reason'>;
  return { ...numbers, reason: explain(config, state, numbers) };
}

function explain(config: ScalingConfig, state: ScalingState, result: Omit<ScaleResult, 'reason'>): string {
  const { scaleAmount: amount, clamped, held, replace } = result;
  const want = `${state.outstanding} queued+in flight at concurrency ${config.concurrencyLevel} want ${instances(result.ideal)}`;
  const bound = clamped === null ? '' : ` (bounded by ${clamped})`;
  const target = `target ${round(result.targetInstances)}${bound}, ${state.totalInstances} running`;
  const expired = replace > 0 ? `, ${replace} of ${state.expiredInstances} expired to replace` : '';
  const why =
    amount === 0 && held === 'ideal-covered'
      ? ' (enough already)'
      : amount === 0 && held === 'jitter'
        ? ' (difference below jitter-threshold)'
        : '';
  const act = amount > 0 ? `start ${amount}` : amount < 0 ? `stop ${-amount}` : `no change${why}`;
  return `${want}; ${target}${expired}: ${act}`;
}

export const instances = (count: number): string => `${count} instance${count === 1 ? '' : 's'}`;
const round = (value: number): number => Math.round(value * 100) / 100;
