import type { Metrics } from '@waiter/observability';
import type { Store } from '@waiter/store';

/** What every router can tell of the fleet: how many routers there are, and who leads. Zero while Redis is away. */
export function fleetGauges(metrics: Metrics, store: Pick<Store, 'members' | 'leader'>): void {
  metrics.gauge({
    name: 'routers',
    help: 'Router nodes of the fleet',
    collect: async (gauge) => gauge.set((await store.members.routers().catch(() => [])).length),
  });
  metrics.gauge({
    name: 'leader_epoch',
    help: 'Epoch of the scaler that leads; 0 when none does',
    collect: async (gauge) => gauge.set((await store.leader().catch(() => null))?.epoch ?? 0),
  });
}
