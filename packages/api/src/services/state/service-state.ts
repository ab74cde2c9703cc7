import type { Json } from '@waiter/core';
import type { ApiDeps } from '../../deps';
import { instanceView, isoTime } from '../service-view';
import { responderState } from './responder-state';
import { autoscalerStateOf, collectionStateOf } from './scaling-state';

type Deps = Pick<ApiDeps, 'store' | 'clock'>;

/** `/state/<service-id>`: of an unknown service as well, with empty parts. */
export async function serviceState(deps: Deps, id: string): Promise<Record<string, Json>> {
  const { store } = deps;
  const [ids, snapshot, load, carried, idle, broken] = await Promise.all([
    store.services.ids(),
    store.instances.get(id),
    store.load.demandOf(id),
    store.services.scaleState<object>(id),
    collectionStateOf(deps, 'services', id),
    collectionStateOf(deps, 'broken', id),
  ]);
  const present = (state: Record<string, Json>): Record<string, Json> => (snapshot === null ? {} : state);
  return {
    'autoscaler-state': autoscalerStateOf({ snapshot, carried, load }),
    'autoscaling-multiplexer-state': {},
    'interstitial-maintainer-state': {},
    'local-usage':
      load.lastRequestAtMs === null ? {} : { 'last-request-time': isoTime(load.lastRequestAtMs) },
    'responder-state': await responderState(deps, id, snapshot),
    'scheduler-broken-services-gc-state': broken,
    'scheduler-services-gc-state': idle,
    'scheduler-state': present({
      'failed-instances': (snapshot?.failed ?? []).map(instanceView),
      requested: snapshot?.requested ?? 0,
      scheduled: snapshot?.scheduled ?? 0,
      version: snapshot?.version ?? 0,
    }),
    'service-maintainer-state': { 'maintainer-chan-available': ids.includes(id) },
    'transient-metrics-gc-state': {},
    'work-stealing-state': 'disabled',
  };
}
