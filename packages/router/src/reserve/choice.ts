import type { InstanceId } from '@waiter/core';
import type { HeldInstance, Holdings } from './holdings';

/**
 * The instance to use next, or null when no slot is free (spec: request-path 3.5). `oldest` and `youngest` take the first
 * in their order, of several of one age the one with the fewest requests of this worker; `random` takes the less used of
 * two that are drawn.
 * @param share slots of each instance that may be used whatever is leased: 0 unless Redis is away
 * @param exclude instances that are taken only where there is no other
 */
export function choose(
  holdings: Holdings,
  share: number,
  exclude?: ReadonlySet<InstanceId>,
): HeldInstance | null {
  const { all } = holdings;
  if (exclude !== undefined && exclude.size > 0) {
    const others = all.filter(({ id }) => !exclude.has(id));
    return pick(holdings, others, share) ?? pick(holdings, all, share);
  }
  return pick(holdings, all, share);
}

const isFree = ({ open, ejection, held, inUse }: HeldInstance, share: number): boolean =>
  open && ejection === null && inUse < (held > share ? held : share);

function pick({ loadBalancing }: Holdings, all: readonly HeldInstance[], share: number): HeldInstance | null {
  return loadBalancing === 'random' ? draw(all, share) : first(all, share);
}

function first(all: readonly HeldInstance[], share: number): HeldInstance | null {
  let found: HeldInstance | null = null;
  for (const instance of all) {
    if (found !== null && (instance.startedAtMs !== found.startedAtMs || instance.expired !== found.expired))
      break;
    if (!isFree(instance, share)) continue;
    if (found === null || instance.inUse < found.inUse) found = instance;
  }
  return found;
}

function draw(all: readonly HeldInstance[], share: number): HeldInstance | null {
  let count = 0;
  let expired = false;
  for (const instance of all) {
    // Expired ones are last in the order, and only taken where nothing else is free.
    if (instance.expired && count > 0 && !expired) break;
    if (!isFree(instance, share)) continue;
    expired = instance.expired;
    count += 1;
  }
  if (count === 0) return null;
  const one = nth(all, share, expired, Math.floor(Math.random() * count));
  const other = nth(all, share, expired, Math.floor(Math.random() * count));
  return one !== null && other !== null && other.inUse < one.inUse ? other : one;
}

/** The free instance at this place among the free ones. */
function nth(
  all: readonly HeldInstance[],
  share: number,
  expired: boolean,
  place: number,
): HeldInstance | null {
  let left = place;
  for (const instance of all) {
    if (instance.expired !== expired || !isFree(instance, share)) continue;
    if (left === 0) return instance;
    left -= 1;
  }
  return null;
}
