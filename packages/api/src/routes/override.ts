import { OVERRIDABLE_KEYS, validateDescription, WaiterError } from '@waiter/core';
import type { ServiceId, ServiceParameters } from '@waiter/core';
import type { ApiDeps } from '../deps';
import { jsonMapBody } from '../http/body';
import type { Route } from '../http/route';
import { managedService } from '../services/managed-service';
import { overridesView } from '../services/service-view';

type Deps = Pick<ApiDeps, 'store' | 'queues' | 'entitlement' | 'clock' | 'config'>;

/** The leader takes new parameters over within this time, or when it next reads the service. */
const LEADER_MS = 2_000;

/** `/apps/<service-id>/override`: other parameters for the same service (spec: services-and-tokens 4.8.2). */
export function overrideRoutes(deps: Deps): Route[] {
  const mayOverride = (user: string) => (id: ServiceId) => `${user} not allowed to override ${id}`;
  const write = async (id: ServiceId, user: string, overrides: ServiceParameters): Promise<object> => {
    await deps.store.serviceStates.setOverrides(id, { overrides, by: user, atMs: deps.clock.now() });
    await deps.queues.request('refresh', { serviceId: id }, LEADER_MS);
    return { 'service-id': id, success: true };
  };
  return [
    {
      path: '/apps/:id/override',
      auth: 'user',
      methods: {
        GET: async (request, { identity: { user } }) => {
          const refusal = (id: ServiceId) => `${user} not allowed view override information of ${id}`;
          const { id, overrides } = await managedService(deps, request, user, refusal);
          return { json: { 'service-id': id, ...(overrides === null ? {} : overridesView(overrides)) } };
        },
        POST: async (request, { identity: { user } }) => {
          const { id, description } = await managedService(deps, request, user, mayOverride(user));
          const overrides = await jsonMapBody(request);
          const forbidden = Object.keys(overrides).filter((key) => !OVERRIDABLE_KEYS.has(key));
          if (forbidden.length > 0) {
            throw new WaiterError(
              `Cannot override the following parameter(s): ${forbidden.sort().join(', ')}`,
              { status: 400, details: { 'service-id': id } },
            );
          }
          validateDescription(
            { ...description, ...overrides },
            { missingAllowed: true, settings: deps.config.descriptions, checkAuthentication: true },
          );
          return { json: await write(id, user, overrides) };
        },
        DELETE: async (request, { identity: { user } }) => {
          const { id } = await managedService(deps, request, user, mayOverride(user));
          return { json: await write(id, user, {}) };
        },
      },
    },
  ];
}
