import type { Request } from 'express';
import { isMap, type Json } from '@waiter/core';
import type { InstanceSnapshot, LeaderComponent, RouterInfo } from '@waiter/store';
import type { ApiDeps } from '../deps';
import { includes } from '../http/query';
import type { ServiceNotices } from './instance-watch';
import { ejectionExpiry, responderState } from './state/responder-state';
import {
  autoscalerState,
  autoscalerStateOf,
  collectionState,
  collectionStateOf,
  schedulerState,
} from './state/scaling-state';
import { instanceView, isoTime } from './service-view';

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

async function snapshots({ store }: Deps): Promise<ReadonlyMap<string, InstanceSnapshot | null>> {
  const ids = await store.services.ids();
  const found = await Promise.all(ids.map((id) => store.instances.get(id)));
  return new Map(ids.map((id, index) => [id, found[index] ?? null]));
}

const healthyOf = (snapshot: InstanceSnapshot | null): InstanceSnapshot['instances'] =>
  (snapshot?.instances ?? []).filter(({ healthy }) => healthy);

async function fallbackState(deps: Deps): Promise<Record<string, Json>> {
  const all = await snapshots(deps);
  return {
    'available-service-ids': [...all.keys()],
    'healthy-service-ids': [...all].filter(([, one]) => healthyOf(one).length > 0).map(([id]) => id),
  };
}

async function maintainer(deps: Deps): Promise<Record<string, Json>> {
  const [routers, all] = await Promise.all([deps.store.members.routers(), snapshots(deps)]);
  const byService = (
    pick: (snapshot: InstanceSnapshot) => readonly Parameters<typeof instanceView>[0][],
  ): Json =>
    Object.fromEntries([...all].map(([id, one]) => [id, one === null ? [] : pick(one).map(instanceView)]));
  return {
    'all-available-service-ids': [...all.keys()],
    routers: Object.fromEntries(routers.map(({ id, url }) => [id, url])),
    'router-details': Object.fromEntries(routers.map((router) => [router.id, details(router)])),
    'service-id->healthy-instances': byService(healthyOf),
    'service-id->unhealthy-instances': byService((one) => one.instances.filter(({ healthy }) => !healthy)),
    'service-id->expired-instances': byService((one) =>
      one.instances.filter(({ flags }) => flags.includes('expired')),
    ),
    'service-id->failed-instances': byService((one) => one.failed),
    'service-id->killed-instances': byService((one) => one.killed),
  };
}

function details({ id, url, version, startedAtMs, draining }: RouterInfo): Json {
  const { hostname, port, protocol } = new URL(url);
  return {
    id,
    name: id,
    address: hostname,
    port: Number(port === '' ? (protocol === 'https:' ? 443 : 80) : port),
    'custom-details': { 'router-fqdn': hostname, 'router-ssl-port': null },
    version,
    'started-at': isoTime(startedAtMs),
    'draining?': draining,
  };
}

const TRACKED = ['buffer-state', 'id->failed-instance', 'id->healthy-instance', 'instance-failure-handler'];

async function instanceTracker(
  deps: Deps,
  notices: ServiceNotices,
  request: Request,
): Promise<Record<string, Json>> {
  const all = [...(await snapshots(deps)).values()];
  const byId = (instances: readonly Parameters<typeof instanceView>[0][]): Json =>
    Object.fromEntries(instances.map((instance) => [instance.id, instanceView(instance)]));
  const failed = all.flatMap((one) => one?.failed ?? []);
  const parts: Readonly<Record<string, () => Json>> = {
    'buffer-state': () => ({}),
    'id->failed-instance': () => byId(failed),
    'id->healthy-instance': () => byId(all.flatMap((one) => healthyOf(one))),
    'instance-failure-handler': () => ({
      type: 'DefaultInstanceFailureHandler',
      ...(includes(request, 'id->failed-date')
        ? {
            'id->failed-date': Object.fromEntries(
              failed.map(({ id, startedAtMs }) => [id, isoTime(startedAtMs)]),
            ),
          }
        : {}),
    }),
  };
  return {
    'last-update-time': isoTime(deps.clock.now()),
    'supported-include-params': TRACKED,
    'watch-count': notices.count,
    ...Object.fromEntries(
      Object.entries(parts).flatMap(([name, part]) => (includes(request, name) ? [[name, part()]] : [])),
    ),
  };
}

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
