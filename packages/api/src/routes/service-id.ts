import type { ApiDeps } from '../deps';
import type { Route, UserHandler } from '../http/route';
import { resolveRequest } from '../services/resolve-request';

/** `/service-id` and `/app-name`: the id that a request with these headers leads to (spec: services-and-tokens 4.10). */
export function serviceIdRoutes(deps: Pick<ApiDeps, 'store' | 'config' | 'entitlement'>): Route[] {
  const any: UserHandler = async (request, { identity }) => {
    const { serviceId, core, effective, sourceTokens } = await resolveRequest(
      deps,
      request.headers,
      identity.user,
    );
    // Stored, so that /apps/<id> knows it; without requests nothing is started.
    await deps.store.services.ensure({ id: serviceId, description: core, effective, sourceTokens });
    return { headers: { 'content-type': 'text/plain' }, body: serviceId };
  };
  return ['/service-id', '/app-name'].map((path) => ({ path, auth: 'user', methods: { any } }));
}
