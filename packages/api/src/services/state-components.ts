import type { Request } from 'express';
import { isMap, type Json } from '@waiter/core';
import type { LeaderComponent } from '@waiter/store';
import type { ApiDeps } from '../deps';
import { includes } from '../http/query';
import type { ServiceNotices } from './instance-watch';
import { isoTime } from './service-view';
import { fallbackState, instanceTracker, maintainer } from './state/fleet-state';
import { ejectionExpiry } from './state/responder-state';
import { autoscalerState, collectionState, schedulerState } from './state/scaling-state';

type Deps = Pick<ApiDeps, 'store' | 'routerId' | 'clock' | 'statsd' | 'config'>;
type State = Record<string, Json> | string;
export type StateComponent = (request: Request) => State | Promise<State>;

/** A part of the original that this design does without, and where to look instead. */
const replaced =
  (by: string, shape: Record<string, Json> = {}): StateComponent =>
  () => ({ ...shape, 'replaced-by': by, 'supported-include-params': [] });

/** What `/state/<component>` shows (spec: services-and-tokens 4.20, scaling-and-schedulers 8.3). */
export function stateComponents(
  deps: Deps,
  notices: ServiceNotices,
): Readonly<Record<string, StateComponent>> {
  const { store, routerId, clock } = deps;
  const leader = async (): Promise<Record<string, Json>> => {
    const found = await store.leader();
    // Scalers lead, not routers: no router ever does.
    return { 'leader?': false, 'leader-id': found?.holder ?? null, epoch: found?.epoch ?? null };
  };
  const fromLeader = (component: LeaderComponent) => async (): Promise<State> => {
    const said = await store.leaderState.read(component);
    return isMap(said) ? said : { message: 'No data available' };
  };
  return {
    autoscaler: () => autoscalerState(deps),
    'autoscaling-multiplexer': replaced('jobs of the leading scaler, one at a time for each service'),
    'codahale-reporters': () => ({}),
    'ejection-expiry': (request) => ejectionExpiry(deps, includes(request, 'service-details')),
    'entitlement-manager': () => ({ name: 'SimpleEntitlementManager' }),
    fallback: async () => ({ state: await fallbackState(deps) }),
    'gc-broken-services': () => collectionState(deps, 'broken'),
    'gc-services': () => collectionState(deps, 'services'),
    'gc-transient-metrics': replaced('load reports in Redis, which expire by themselves'),
    'instance-tracker': (request) => instanceTracker(deps, notices, request),
    interstitial: replaced('workers, which show the page while no instance of a service is healthy'),
    'jwt-auth-server': () => 'disabled',
    'kv-store': replaced('Redis', { kind: 'redis' }),
    'launch-metrics': fromLeader('launch-metrics'),
    leader,
    'local-usage': async () =>
      Object.fromEntries(
        [...(await store.load.demand())].map(([id, { lastRequestAtMs }]) => [
          id,
          { 'last-request-time': isoTime(lastRequestAtMs) },
        ]),
      ),
    maintainer: () => maintainer(deps),
    'router-metrics': async () => ({
      'router-id': routerId,
      metrics: { routers: Object.fromEntries((await store.members.routers()).map(({ id }) => [id, {}])) },
      'replaced-by': 'load reports in Redis; /apps/<service-id>?include=metrics shows them by router',
    }),
    scheduler: () => schedulerState(deps),
    'service-description-builder': () => ({ type: 'DefaultServiceDescriptionBuilder' }),
    'service-maintainer': async () => ({
      'last-update-time': isoTime(clock.now()),
      'service-ids': [...(await store.services.ids())],
    }),
    'start-new-services-maintainer': fromLeader('start-new-services-maintainer'),
    statsd: () => deps.statsd?.state() ?? {},
    'token-validator': () => ({ 'supported-include-params': [], type: 'DefaultTokenValidator' }),
    'work-stealing': replaced('leases of slots, which are recalled where they are idle'),
  };
}
