import type { DeploymentError, Epoch, InstanceId } from '@waiter/core';
import type { KillCandidate } from '@waiter/scaling';
import type { InstanceSnapshot } from '@waiter/store';
import { deploymentErrorOf, type DeploymentErrorRules } from './deployment-error';
import type { TrackedInstance } from './instance';
import type { Service } from './service';

/** The two clocks that a view depends on. */
export interface Moment {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

const byAge = (a: TrackedInstance, b: TrackedInstance): number =>
  (a.instance.startedAtMs ?? Infinity) - (b.instance.startedAtMs ?? Infinity) || (a.id < b.id ? -1 : 1);

const sorted = (service: Service): TrackedInstance[] => [...service.instances.values()].sort(byAge);

/** Why the service does not start, at this moment. Notes on the way when it last served, and that a refusal is over. */
export function currentError(
  service: Service,
  rules: DeploymentErrorRules,
  { wallMs, monotonicMs }: Moment,
): DeploymentError | null {
  if (service.refusal !== null && monotonicMs >= service.refusedUntilMs) service.refusal = null;
  const open = sorted(service).filter(({ fate }) => fate === 'open');
  const healthy = open.filter((tracked) => tracked.healthy).length;
  if (healthy > 0) {
    service.lastHealthyAtMs = wallMs;
    return null;
  }
  const evidence = {
    healthy,
    unhealthy: open,
    // Failures before it last served say nothing of why it does not start now.
    failed: service.departed.failedSince(service.lastHealthyAtMs),
    reported: service.reported,
  };
  return service.refusal ?? deploymentErrorOf(evidence, rules);
}

/**
 * Instances as kills are chosen from.
 * @param usage slots leased of each
 * @param ejected those that workers keep out of rotation
 */
export function candidatesOf(
  service: Service,
  usage: ReadonlyMap<InstanceId, number>,
  ejected: ReadonlyMap<InstanceId, unknown>,
  wallMs: number,
): KillCandidate[] {
  const { instanceExpiryMs, gracePeriodMs } = service.described.compiled;
  return sorted(service).map((tracked) => {
    const { startedAtMs } = tracked.instance;
    return {
      id: tracked.id,
      serviceId: service.id,
      startedAtMs,
      healthy: tracked.healthy,
      expired: tracked.isExpired(instanceExpiryMs, wallMs),
      starting: !tracked.healthy && (startedAtMs === null || wallMs - startedAtMs <= gracePeriodMs),
      ejected: ejected.has(tracked.id),
      // Workers know how old a request is; leases do not tell.
      onlyLingering: false,
      fate: tracked.fate === 'open' && tracked.isKept(wallMs) ? 'locked' : tracked.fate,
      inUse: usage.get(tracked.id) ?? 0,
    };
  });
}

/** What is published of the service. */
export function snapshotOf(
  service: Service,
  epoch: Epoch,
  deploymentError: DeploymentError | null,
  wallMs: number,
): Omit<InstanceSnapshot, 'version' | 'loadBalancing'> {
  const expiryMs = service.described.compiled.instanceExpiryMs;
  return {
    serviceId: service.id,
    epoch,
    requested: service.requested,
    scheduled: service.scheduled,
    instances: sorted(service)
      .filter(({ fate }) => fate !== 'killed')
      .map((tracked) => tracked.published(tracked.isExpired(expiryMs, wallMs))),
    failed: service.departed.failed,
    killed: service.departed.killed,
    deploymentError,
  };
}
