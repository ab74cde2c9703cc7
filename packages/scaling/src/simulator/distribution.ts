import { exponential, normal, type Random } from './random';

/** How long something takes; all by their mean. */
export type Distribution =
  | { readonly kind: 'constant'; readonly meanMs: number }
  | { readonly kind: 'exponential'; readonly meanMs: number }
  /** `cv` is the coefficient of variation: standard deviation over mean. */
  | { readonly kind: 'lognormal'; readonly meanMs: number; readonly cv: number };

export type DistributionKind = Distribution['kind'];
export const DISTRIBUTION_KINDS: readonly DistributionKind[] = ['constant', 'exponential', 'lognormal'];

/** A function that draws times in milliseconds. @throws RangeError for a mean or cv that is not positive */
export function sampler(distribution: Distribution, random: Random): () => number {
  const { meanMs } = distribution;
  if (!(meanMs > 0 && meanMs < Number.POSITIVE_INFINITY))
    throw new RangeError(`the mean must be positive, not ${meanMs} ms`);
  if (distribution.kind === 'constant') return () => meanMs;
  if (distribution.kind === 'exponential') return () => meanMs * exponential(random);
  const { cv } = distribution;
  if (!(cv > 0)) throw new RangeError(`the coefficient of variation must be positive, not ${cv}`);
  const variance = Math.log(1 + cv * cv);
  const mu = Math.log(meanMs) - variance / 2;
  const sigma = Math.sqrt(variance);
  return () => Math.exp(mu + sigma * normal(random));
}
