import type { Request } from 'express';
import type { Json } from '@waiter/core';
import type { InstanceSnapshot, RouterInfo } from '@waiter/store';
import type { ApiDeps } from '../../deps';
import { includes } from '../../http/query';
import type { ServiceNotices } from '../instance-watch';
import { instanceView, isoTime } from '../service-view';

type Deps = Pick<ApiDeps, 'store' | 'clock'>;

async function snapshots({ store }: Deps): Promise<ReadonlyMap<string, InstanceSnapshot | null>> {
  const ids = await store.services.ids();
  const found = await Promise.all(ids.map((id) => store.instances.get(id)));
  return new Map(ids.map((id, index) => [id, found[index] ?? null]));
}

const healthyOf = (snapshot: InstanceSnapshot | null): InstanceSnapshot['instances'] =>
  (snapshot?.instances ?? []).filter(({ healthy }) => healthy);

/** Services that are there, and those that can be fallen back to. */
export async function fallbackState(deps: Deps): Promise<Record<string, Json>> {
  const all = await snapshots(deps);
  return {
    'available-service-ids': [...all.keys()],
    'healthy-service-ids': [...all].filter(([, one]) => healthyOf(one).length > 0).map(([id]) => id),
  };
}

/** Routers, and the instances of every service by what they are. */
export async function maintainer(deps: Deps): Promise<Record<string, Json>> {
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

/** Every instance; parts by `include`. */
export async function instanceTracker(
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
