import type { DecisionInputs } from './decision';
import type { ScaleResult } from './scale-service';

/** What is bounded, of the formula's result or of a policy's advice. */
export type Bounded = Pick<
  ScaleResult,
  'scaleAmount' | 'scaleToInstances' | 'targetInstances' | 'replace' | 'reason'
>;

/**
 * Replacing expired instances may take a service one above its maximum, so that one that serves at its maximum can be
 * replaced without a gap, and no further. The original lets it grow by every expired one at once (spec:
 * scaling-and-schedulers 1.2.7, 11.1).
 */
export function boundSurge<Result extends Bounded>(
  result: Result,
  { total, minInstances, maxInstances }: Pick<DecisionInputs, 'total' | 'minInstances' | 'maxInstances'>,
): Result & { readonly most?: number } {
  const most = Math.max(minInstances, maxInstances) + 1;
  if (result.replace === 0 || result.scaleToInstances <= most) return result;
  return {
    ...result,
    most,
    scaleToInstances: most,
    scaleAmount: most - total,
    reason: `${result.reason}, but no more than ${most} while they are replaced (max-instances plus one)`,
  };
}
