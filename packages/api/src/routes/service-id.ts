import { authorizeRequest, isMissingRunAsUser, WaiterError } from '@waiter/core';
import type { ConsentCookies, ResolvedService } from '@waiter/core';
import type { ApiDeps } from '../deps';
import { isFlagSet } from '../http/query';
import type { Route, UserHandler } from '../http/route';
import { resolveRequest } from '../services/resolve-request';

type Deps = Pick<ApiDeps, 'store' | 'config' | 'entitlement' | 'clock' | 'queues'>;

/** `/service-id` and `/app-name`: the id that a request with these headers leads to (spec: services-and-tokens 4.10). */
export function serviceIdRoutes(deps: Deps, consents: ConsentCookies): Route[] {
  const any: UserHandler = async (request, { identity: { user } }) => {
    const found = await resolveRequest(deps, consents, request.headers, user).catch((error: unknown) => {
      if (isMissingRunAsUser(error)) return null;
      throw error;
    });
    if (found === null)
      return { status: 303, headers: { location: `/waiter-consent${request.originalUrl}` } };
    const { latest, serving } = found;
    // Stored, so that /apps/<id> knows it; without requests nothing is started.
    await storeService(deps, serving);
    if (serving !== latest) await startLatest(deps, latest, user);
    const { serviceId } = isFlagSet(request, 'latest') ? latest : serving;
    return { headers: { 'content-type': 'text/plain' }, body: serviceId };
  };
  return ['/service-id', '/app-name'].map((path) => ({ path, auth: 'user', methods: { any } }));
}

async function storeService({ store }: Pick<Deps, 'store'>, service: ResolvedService): Promise<void> {
  const { serviceId, core, effective, sourceTokens } = service;
  await store.services.ensure({ id: serviceId, description: core, effective, sourceTokens });
}

/** While an earlier version serves, the latest is started, if the user may use it. */
async function startLatest(deps: Deps, latest: ResolvedService, user: string): Promise<void> {
  await storeService(deps, latest);
  try {
    authorizeRequest(latest, user, deps.entitlement);
  } catch (error) {
    if (error instanceof WaiterError) return;
    throw error;
  }
  await deps.store.references.want(latest.serviceId);
  await deps.queues.nudge(latest.serviceId);
}
