import type { InstanceId, LoadBalancing, ServiceId } from '@waiter/core';

/** One instance as kills are chosen from (spec: scaling-and-schedulers 1.12). */
export interface KillCandidate {
  readonly id: InstanceId;
  readonly serviceId: ServiceId;
  /** Null while it is only staged: treated as the youngest. */
  readonly startedAtMs: number | null;
  readonly healthy: boolean;
  readonly expired: boolean;
  /** Unhealthy and still within its grace period. */
  readonly starting: boolean;
  /** Out of rotation after errors. */
  readonly ejected: boolean;
  /**
   * `locked`: not to be chosen now. `draining`: closed to new requests, the kill follows.
   * `killed`: the scheduler was told. None of these is chosen again.
   */
  readonly fate: 'open' | 'locked' | 'draining' | 'killed';
  /** Requests in flight on it, over the whole fleet. */
  readonly inUse: number;
  /** Whether all of those are older than the lingering threshold (60 s); only matters for expired ones. */
  readonly onlyLingering: boolean;
}

export interface KillRules {
  readonly loadBalancing: LoadBalancing;
  readonly exclude?: ReadonlySet<InstanceId>;
  /**
   * Also offer instances with requests in flight, after all idle ones, the least busy first. The original never does, so
   * a service whose load is spread thin over many instances never shrinks; with the drain protocol it is safe.
   */
  readonly includeBusy?: boolean;
}

/**
 * The policy in force: a `random` service prefers its youngest instances while it shrinks, so that the oldest run
 * empty (1.4).
 */
export function effectiveLoadBalancing(policy: LoadBalancing, shrinking: boolean): LoadBalancing {
  return policy === 'random' && shrinking ? 'youngest' : policy;
}

/**
 * The instances that may be killed, the best choice first: oldest idle expired, expired with only lingering requests,
 * youngest idle unhealthy, idle ejected, then the idle healthy ones that balancing uses last.
 * @param rules.loadBalancing the policy in force, see `effectiveLoadBalancing`
 */
export function chooseKills<T extends KillCandidate>(candidates: readonly T[], rules: KillRules): T[] {
  // One that is on its way out no longer protects the others.
  const staying = candidates.filter(({ fate }) => fate === 'open' || fate === 'locked');
  const someExpired = staying.some(({ expired }) => expired);
  const someStarting = staying.some(({ starting }) => starting);
  const busyAllowed = rules.includeBusy ?? false;

  const killable = candidates.filter((candidate) => {
    const { healthy, expired, ejected, starting, inUse } = candidate;
    if (candidate.fate !== 'open' || rules.exclude?.has(candidate.id)) return false;
    if (inUse > 0 && !(expired && candidate.onlyLingering) && !busyAllowed) return false;
    // Expired ones go first; healthy ones are needed until those are replaced.
    if (someExpired && healthy && !ejected && !expired) return false;
    // A replacement is on its way: killing anything that serves would open a gap.
    if (someExpired && someStarting && (healthy || starting)) return false;
    return true;
  });
  return killable.sort((a, b) => compare(b, a, rules));
}

/** Positive when `a` is the better choice. */
function compare(a: KillCandidate, b: KillCandidate, rules: KillRules): number {
  return (
    by(a.inUse === 0, b.inUse === 0) ||
    by(a.expired, b.expired) ||
    by(!a.healthy, !b.healthy) ||
    by(a.ejected, b.ejected) ||
    (rules.includeBusy ? by(b.inUse, a.inUse) : 0) ||
    by(startKey(a, rules), startKey(b, rules)) ||
    by(a.serviceId, b.serviceId) ||
    by(startedAt(a), startedAt(b)) ||
    by(a.id, b.id)
  );
}

function by<V extends boolean | number | string>(a: V, b: V): number {
  return a === b ? 0 : a > b ? 1 : -1;
}

const startedAt = (candidate: KillCandidate): number => candidate.startedAtMs ?? Number.POSITIVE_INFINITY;
const startKey = (candidate: KillCandidate, { loadBalancing }: KillRules): number =>
  candidate.expired || loadBalancing === 'youngest' ? -startedAt(candidate) : startedAt(candidate);
