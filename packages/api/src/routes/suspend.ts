import type { ApiDeps } from '../deps';
import type { Route, UserHandler } from '../http/route';
import { idOf, managedService, notFound } from '../services/managed-service';

type Deps = Pick<ApiDeps, 'store' | 'entitlement' | 'clock'>;

/** `/apps/<service-id>/suspend`, `/resume` and `/refresh` (spec: services-and-tokens 4.8, items 1 and 5). */
export function suspendRoutes(deps: Deps): Route[] {
  const { store, clock } = deps;
  const say =
    (action: 'suspend' | 'resume'): UserHandler =>
    async (request, { identity: { user } }) => {
      const { id } = await managedService(deps, request, user, (id) => `${user} not allowed to modify ${id}`);
      await store.serviceStates.setSuspended(id, {
        suspended: action === 'suspend',
        by: user,
        atMs: clock.now(),
      });
      return { json: { action, 'service-id': id, success: true } };
    };
  return [
    { path: '/apps/:id/suspend', auth: 'user', methods: { any: say('suspend') } },
    { path: '/apps/:id/resume', auth: 'user', methods: { any: say('resume') } },
    {
      path: '/apps/:id/refresh',
      auth: 'peer',
      methods: {
        any: async (request) => {
          const id = idOf(request);
          if ((await store.services.get(id)) === null) throw notFound(id);
          // Every router hears of changes by itself; this makes all of them read the service again.
          await store.serviceStates.announce(id);
          return { json: { 'service-id': id, success: true } };
        },
      },
    },
  ];
}
