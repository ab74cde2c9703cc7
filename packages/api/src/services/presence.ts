import type { ServiceId } from '@waiter/core';
import type { ApiDeps } from '../deps';
import { statusOf, type ServiceStatus } from './service-view';

/** What routers know of a service at a moment. They share what they know, so one answer is that of all. */
export interface Presence {
  /** The scheduler runs it, or has been asked to. */
  readonly exists: boolean;
  readonly healthy: boolean;
  readonly status: ServiceStatus;
}

export async function presenceOf(
  store: Pick<ApiDeps['store'], 'services' | 'instances'>,
  id: ServiceId,
): Promise<Presence> {
  const [ids, snapshot] = await Promise.all([store.services.ids(), store.instances.get(id)]);
  const known = snapshot !== null && ids.includes(id);
  const healthy = known && snapshot.instances.some((instance) => instance.healthy && !instance.draining);
  const exists =
    known && (snapshot.requested > 0 || snapshot.scheduled > 0 || snapshot.deploymentError !== null);
  return { exists: exists || healthy, healthy, status: statusOf(known ? snapshot : null) };
}
