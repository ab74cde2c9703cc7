import type { UpgradeStrategy } from '../apps/definition';

export interface RestartState {
  readonly instances: number;
  /** Tasks of an earlier config that are not yet being replaced. */
  readonly old: number;
  /** Tasks of the new config. */
  readonly fresh: number;
  /** Of those, the ones that run and are healthy. */
  readonly ready: number;
}

/**
 * How many old tasks may be killed and new ones launched now, so that at least `minimumHealthCapacity` of the instances
 * stay up and at most `maximumOverCapacity` more than them exist. Where both leave no room, one more instance is allowed.
 */
export function restartMoves(
  state: RestartState,
  strategy: UpgradeStrategy,
): { kill: number; launch: number } {
  const { instances, old, fresh, ready } = state;
  const minimum = Math.ceil(instances * strategy.minimumHealthCapacity);
  let maximum = Math.floor(instances * (1 + strategy.maximumOverCapacity));
  if (minimum === instances && maximum <= instances) maximum = instances + 1;
  const kill = Math.max(0, Math.min(old, old + ready - minimum));
  const launch = Math.max(0, Math.min(instances - fresh, maximum - fresh - (old - kill)));
  return { kill, launch };
}
