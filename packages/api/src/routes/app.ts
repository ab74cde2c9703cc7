import type { Request } from 'express';
import { WaiterError } from '@waiter/core';
import type { ServiceId } from '@waiter/core';
import type { ApiDeps } from '../deps';
import { deleteService } from '../services/delete-service';
import { integerOf } from '../http/query';
import type { Route } from '../http/route';
import { readService } from '../services/read-service';
import { activeInstances, byStart, commonView, instanceView } from '../services/service-view';
import type { ServiceFacts } from '../services/service-view';
import { optionalParts } from './apps';

type Deps = Pick<ApiDeps, 'store' | 'queues' | 'entitlement' | 'routerId' | 'clock'>;
const SHOWN_ENDED = 10;

/** `/apps/<service-id>` (spec: services-and-tokens 4.7). */
export function appRoutes(deps: Deps): Route[] {
  return [
    {
      path: '/apps/:id',
      auth: 'user',
      methods: {
        GET: async (request, { identity }) => {
          viewer(request, identity.user, deps);
          const facts = await readService(deps, idOf(request));
          if (facts === null) throw notFound(idOf(request));
          return { json: view(facts, request, deps.routerId) };
        },
        DELETE: async (request, { identity }) => {
          const id = idOf(request);
          const record = await deps.store.services.get(id);
          if (record === null) throw notFound(id);
          if (!deps.entitlement.canManageService(identity.user, id, record.description['run-as-user'])) {
            throw new WaiterError('User not allowed to delete service', {
              status: 403,
              details: { 'current-user': identity.user, 'service-id': id },
            });
          }
          const timeoutMs = integerOf(request, 'timeout');
          if (timeoutMs === null) {
            throw new WaiterError('timeout must be an integer', {
              status: 400,
              details: { 'service-id': id },
            });
          }
          const { status, ...result } = await deleteService(deps, id, timeoutMs ?? 0);
          return { status, json: { 'service-id': id, ...result } };
        },
      },
    },
  ];
}

export function idOf(request: Request): ServiceId {
  const id: unknown = request.params['id'];
  return typeof id === 'string' ? id : '';
}

export function notFound(id: ServiceId): WaiterError {
  return new WaiterError('Service not found', { status: 404, details: { 'service-id': id } });
}

/** Whose permissions count; only an administrator may look with another user's. @throws WaiterError 401 */
function viewer(request: Request, user: string, { entitlement }: Pick<Deps, 'entitlement'>): string {
  const other = request.headers['x-view-as-user'];
  if (typeof other !== 'string' || other === '') return user;
  if (entitlement.isAdmin(user)) return other;
  throw new WaiterError('X-View-As-User request header unsupported for non-admin user', { status: 401 });
}

function view(facts: ServiceFacts, request: Request, routerId: string): object {
  const active = activeInstances(facts.snapshot);
  const ended = (instances: readonly Parameters<typeof instanceView>[0][] = []): object[] =>
    [...instances].sort(byStart).slice(0, SHOWN_ENDED).map(instanceView);
  return {
    'router-id': routerId,
    // Counts routers whose metrics are included; load is summed in Redis, so none are.
    'num-routers': 0,
    ...commonView(facts),
    instances: {
      'active-instances': active.map(instanceView),
      'failed-instances': ended(facts.snapshot?.failed),
      'killed-instances': ended(facts.snapshot?.killed),
    },
    'num-active-instances': active.length,
    ...optionalParts(facts, request),
  };
}
