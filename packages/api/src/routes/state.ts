import type { Request } from 'express';
import { tokenWatchState } from '@waiter/token-registry';
import type { ApiDeps } from '../deps';
import { schemeOf } from '../http/context';
import type { Route } from '../http/route';
import { activeInstances } from '../services/service-view';

type Deps = Pick<ApiDeps, 'store' | 'routerId' | 'authenticator'>;

/** `/state`: what the fleet knows, for people and for clients that poll every router (spec: services-and-tokens 4.20). */
export function stateRoutes(deps: Deps): Route[] {
  const { store, routerId } = deps;
  const components: Readonly<Record<string, (request: Request) => Promise<object>>> = {
    'entitlement-manager': async () => ({ name: 'SimpleEntitlementManager' }),
    fallback: async () => ({ state: await serviceIds(deps) }),
    leader: async () => {
      const leader = await store.leader();
      // Scalers lead, not routers: no router ever does.
      return { 'leader?': false, 'leader-id': leader?.holder ?? null, epoch: leader?.epoch ?? null };
    },
    maintainer: async () => {
      const [routers, ids] = await Promise.all([store.members.routers(), serviceIds(deps)]);
      return {
        'all-available-service-ids': ids['available-service-ids'],
        routers: Object.fromEntries(routers.map(({ id, url }) => [id, url])),
        'router-details': Object.fromEntries(routers.map((router) => [router.id, details(router)])),
      };
    },
    'token-watch-maintainer': (request) => tokenWatchState(store.tokens, request),
  };
  const component = (name: string): Route => ({
    path: `/state/${name}`,
    auth: 'user',
    methods: {
      GET: async (request) => ({
        json: { 'router-id': routerId, state: await components[name]?.(request) },
      }),
    },
  });
  return [
    {
      path: '/state',
      auth: 'user',
      methods: {
        GET: async (request) => ({
          json: {
            details: Object.fromEntries(
              Object.keys(components).map((name) => [name, `${baseUrl(request)}/state/${name}`]),
            ),
            'router-id': routerId,
            routers: Object.fromEntries((await store.members.routers()).map(({ id, url }) => [id, url])),
          },
        }),
      },
    },
    ...Object.keys(components).map(component),
    {
      path: '/state/:id',
      auth: 'user',
      methods: {
        GET: async (request) => ({
          json: { 'router-id': routerId, state: await serviceState(deps, String(request.params['id'])) },
        }),
      },
    },
  ];
}

function baseUrl(request: Request): string {
  return `${schemeOf(request)}://${request.headers.host ?? 'localhost'}`;
}

function details(router: {
  readonly id: string;
  readonly url: string;
  readonly version: string;
  readonly startedAtMs: number;
  readonly draining: boolean;
}): object {
  const { hostname, port, protocol } = new URL(router.url);
  return {
    id: router.id,
    name: router.id,
    address: hostname,
    port: Number(port === '' ? (protocol === 'https:' ? 443 : 80) : port),
    'custom-details': { 'router-fqdn': hostname, 'router-ssl-port': null },
    version: router.version,
    'started-at': new Date(router.startedAtMs).toISOString(),
    'draining?': router.draining,
  };
}

async function serviceIds({ store }: Pick<Deps, 'store'>): Promise<Record<string, readonly string[]>> {
  const ids = await store.services.ids();
  const snapshots = await Promise.all(ids.map((id) => store.instances.get(id)));
  const isHealthy = (index: number): boolean =>
    snapshots[index]?.instances.some(({ healthy }) => healthy) ?? false;
  return {
    'available-service-ids': ids,
    'healthy-service-ids': ids.filter((_, index) => isHealthy(index)),
  };
}

/** Of an unknown service as well, with empty parts. */
async function serviceState({ store }: Pick<Deps, 'store'>, id: string): Promise<object> {
  const [ids, snapshot, load, carried] = await Promise.all([
    store.services.ids(),
    store.instances.get(id),
    store.load.demandOf(id),
    store.services.scaleState<unknown>(id),
  ]);
  const instances = activeInstances(snapshot);
  return {
    'service-maintainer-state': { 'maintainer-chan-available': ids.includes(id) },
    'autoscaler-state':
      snapshot === null
        ? {}
        : { 'healthy-instances': instances.filter(({ healthy }) => healthy).length, state: carried },
    'local-usage':
      load.lastRequestAtMs === null
        ? {}
        : { 'last-request-time': new Date(load.lastRequestAtMs).toISOString() },
    'responder-state': {
      'deployment-error': snapshot?.deploymentError?.key ?? null,
      'sorted-instance-ids': instances.map((instance) => instance.id),
    },
    'scheduler-state':
      snapshot === null
        ? {}
        : { requested: snapshot.requested, scheduled: snapshot.scheduled, version: snapshot.version },
  };
}
