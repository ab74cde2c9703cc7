import type { ServiceId } from '@waiter/core';
import { NO_LOAD, type ServiceLoad, type Store } from '@waiter/store';

/**
 * Demand for a service right after a nudge. A nudge may overtake the report of the load that caused it; workers that
 * wait for slots are the proof that somebody asks, and a cold start must not wait for the next tick.
 */
export async function demandAfterNudge(store: Store, id: ServiceId): Promise<ServiceLoad> {
  const { redis, keys } = store.connection;
  const [load, waiters] = await Promise.all([store.load.demandOf(id), redis.zcard(keys.waiters(id))]);
  const missing = waiters - load.queued;
  return missing > 0 && load.queued + load.inFlight === 0 ? { ...NO_LOAD, ...load, queued: missing } : load;
}
