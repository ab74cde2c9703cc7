import type { Request } from 'express';
import { tokenWatchState } from '@waiter/token-registry';
import type { ApiDeps } from '../deps';
import { schemeOf } from '../http/context';
import type { Handler, Route } from '../http/route';
import type { ServiceNotices } from '../services/instance-watch';
import { idOf, pathParameter } from '../services/managed-service';
import { serviceState } from '../services/state/service-state';
import { stateComponents, type StateComponent } from '../services/state-components';

type Deps = Pick<ApiDeps, 'store' | 'routerId' | 'clock' | 'statsd' | 'config'>;

/** Served without authentication. */
const OPEN = 'codahale-reporters';

/** `/state`: what the fleet knows, for people and for clients that poll every router (spec: services-and-tokens 4.20). */
export function stateRoutes(deps: Deps, notices: ServiceNotices): Route[] {
  const { store, routerId } = deps;
  const components: Readonly<Record<string, StateComponent>> = {
    ...stateComponents(deps, notices),
    'token-watch-maintainer': (request) => tokenWatchState(store.tokens, request),
  };
  const component = ([name, state]: [string, StateComponent]): Route => {
    const GET: Handler = async (request) => ({
      json: { 'router-id': routerId, state: await state(request) },
    });
    const path = `/state/${name}`;
    return name === OPEN
      ? { path, auth: 'none', methods: { GET } }
      : { path, auth: 'user', methods: { GET } };
  };
  return [
    {
      path: '/state',
      auth: 'user',
      methods: {
        GET: async (request) => ({
          json: {
            details: Object.fromEntries(
              Object.keys(components)
                .sort()
                .map((name) => [name, `${baseUrl(request)}/state/${name}`]),
            ),
            'router-id': routerId,
            routers: Object.fromEntries((await store.members.routers()).map(({ id, url }) => [id, url])),
          },
        }),
      },
    },
    ...Object.entries(components).map(component),
    {
      path: '/state/custom-components/:name',
      auth: 'user',
      methods: {
        GET: (request) => ({
          json: {
            'router-id': routerId,
            state: { 'component-name': pathParameter(request, 'name'), message: 'State unavailable' },
          },
        }),
      },
    },
    {
      path: '/state/:id',
      auth: 'user',
      methods: {
        GET: async (request) => ({
          json: { 'router-id': routerId, state: await serviceState(deps, idOf(request)) },
        }),
      },
    },
  ];
}

function baseUrl(request: Request): string {
  return `${schemeOf(request)}://${request.headers.host ?? 'localhost'}`;
}
