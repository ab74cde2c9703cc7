import { type Json, type ServiceId } from '@waiter/core';
import type { EjectedInstance, InstanceSnapshot, PublishedInstance } from '@waiter/store';
import type { ApiDeps } from '../../deps';
import { activeInstances, instanceView, isoTime } from '../service-view';

type Deps = Pick<ApiDeps, 'store' | 'clock'>;

/**
 * `responder-state` of `/state/<service-id>` (spec: scaling-and-schedulers 8.3): the instances as requests meet them. Routers of
 * the original each had slots and ejections of their own; here they are the fleet's, and the same on every router.
 * `slots-assigned` is what an instance has, `slots-used` what workers hold of it, in use or at hand.
 */
export async function responderState(
  { store, clock }: Deps,
  id: ServiceId,
  snapshot: InstanceSnapshot | null,
): Promise<Record<string, Json>> {
  const [ejections, held, service] = await Promise.all([
    store.ejections.of(id),
    store.leases.usage(id),
    store.services.get(id),
  ]);
  const count = (name: string): number => Number(service?.effective[name] ?? 0);
  const startedBefore = clock.now() - count('grace-period-secs') * 1_000;
  const instances = activeInstances(snapshot);
  const each = (of: (instance: PublishedInstance) => Json): Json =>
    Object.fromEntries(instances.map((instance) => [instance.id, of(instance)]));
  return {
    'deployment-error': snapshot?.deploymentError?.key ?? null,
    'id->instance': each(instanceView),
    'instability-issue': instabilityOf(snapshot),
    'instance-id->consecutive-failures': each(({ id }) => ejections.get(id)?.failures ?? 0),
    'instance-id->eject-expiry-time': each(({ id }) => isoTime(ejections.get(id)?.untilMs ?? null)),
    'instance-id->state': each((instance) => ({
      'slots-assigned': count('concurrency-level'),
      'slots-used': held.get(instance.id) ?? 0,
      'status-tags': statusTags(instance, ejections.get(instance.id), startedBefore),
    })),
    'load-balancing': snapshot?.loadBalancing ?? null,
    'sorted-instance-ids': instances.map((instance) => instance.id),
  };
}

/** Spec: request-path 3.1 and 3.2. @param startedBefore epoch milliseconds; what is younger may take its time */
function statusTags(
  { healthy, draining, flags, startedAtMs }: PublishedInstance,
  ejection: EjectedInstance | undefined,
  startedBefore: number,
): string[] {
  const tags = [healthy ? 'healthy' : 'unhealthy'];
  if (!healthy && (startedAtMs ?? 0) > startedBefore) tags.push('starting');
  if (flags.includes('expired')) tags.push('expired');
  if (ejection !== undefined) tags.push('ejected');
  if (draining) tags.push('locked');
  return tags;
}

/** Whatever serves now: an instance that ran out of memory may have taken requests with it (3.9). */
function instabilityOf(snapshot: InstanceSnapshot | null): string | null {
  const died = snapshot?.failed.some(({ flags }) => flags.includes('memory-limit-exceeded')) ?? false;
  return died ? 'not-enough-memory' : null;
}

/** `/state/ejection-expiry` (8.3): which instances failed so often in a row that they are replaced. */
export async function ejectionExpiry(
  { store, config }: Pick<ApiDeps, 'store' | 'config'>,
  withDetails: boolean,
): Promise<Record<string, Json>> {
  const threshold = config.ejection.expiryFailures;
  const state = { 'failure-threshold': threshold, 'supported-include-params': ['service-details'] };
  if (!withDetails) return state;
  const ids = await store.services.ids();
  const found = await Promise.all(
    ids.map(async (id) => {
      const ejections = [...(await store.ejections.of(id))];
      return [id, ejections.filter(([, { failures }]) => failures >= threshold).map(([id]) => id)] as const;
    }),
  );
  return {
    ...state,
    'service-id->instance-ids': Object.fromEntries(found.filter(([, ids]) => ids.length > 0)),
  };
}
