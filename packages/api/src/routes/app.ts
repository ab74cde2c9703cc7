import type { Request } from 'express';
import { WaiterError } from '@waiter/core';
import type { Instance, Json } from '@waiter/core';
import type { ApiDeps } from '../deps';
import { deleteService } from '../services/delete-service';
import { includes, integerOf } from '../http/query';
import type { Route } from '../http/route';
import { canManage, idOf, managedService, notFound, viewer } from '../services/managed-service';
import { readService } from '../services/read-service';
import { serviceMetrics } from '../services/service-metrics';
import {
  activeInstances,
  byStart,
  commonView,
  instanceView,
  overridesView,
  suspendedView,
} from '../services/service-view';
import type { ServiceFacts } from '../services/service-view';
import { optionalParts } from './apps';
import { logUrl } from './logs';

type Deps = Pick<ApiDeps, 'store' | 'queues' | 'entitlement' | 'routerId' | 'clock' | 'config' | 'port'>;
const SHOWN_ENDED = 10;

/** `/apps/<service-id>` (spec: services-and-tokens 4.7). */
export function appRoutes(deps: Deps): Route[] {
  return [
    {
      path: '/apps/:id',
      auth: 'user',
      methods: {
        GET: async (request, { identity }) => {
          const user = viewer(request, identity.user, deps);
          const facts = await readService(deps, idOf(request));
          if (facts === null) throw notFound(idOf(request));
          const metrics = includes(request, 'metrics')
            ? await serviceMetrics(deps.store, facts.record.id)
            : undefined;
          return {
            json: {
              'router-id': deps.routerId,
              // Counts routers whose metrics are included.
              'num-routers': metrics === undefined ? 0 : Object.keys(metrics.routers).length,
              ...view(facts, canManage(deps, user, facts.record) ? deps : null),
              ...(metrics === undefined ? {} : { metrics }),
              ...(await optionalParts(deps, facts, request)),
            },
          };
        },
        DELETE: async (request, { identity }) => {
          const refusal = (): string => 'User not allowed to delete service';
          const { id } = await managedService(deps, request, identity.user, refusal);
          const { status, ...result } = await deleteService(deps, id, agreeMsOf(request));
          return { status, json: { 'service-id': id, ...result } };
        },
      },
    },
  ];
}

/** @throws WaiterError 400 */
function agreeMsOf(request: Request): number {
  const timeoutMs = integerOf(request, 'timeout');
  if (timeoutMs !== null) return timeoutMs ?? 0;
  throw new WaiterError('timeout must be an integer', {
    status: 400,
    details: { 'service-id': idOf(request) },
  });
}

/** @param linked null: without links to logs, which are for those who can manage the service */
function view(facts: ServiceFacts, linked: Pick<Deps, 'config' | 'port'> | null): Record<string, Json> {
  const { record, snapshot } = facts;
  const shown = (instance: Instance): Record<string, Json> => ({
    ...instanceView(instance),
    ...(linked === null ? {} : { 'log-url': logUrl(linked, instance) }),
  });
  const active = activeInstances(snapshot);
  const ended = (instances: readonly Instance[] = []): Record<string, Json>[] => newest(instances).map(shown);
  const { overrides, suspended } = record;
  const overridden = overrides !== null && Object.keys(overrides.overrides).length > 0;
  return {
    ...commonView(facts),
    instances: {
      'active-instances': active.map(shown),
      'failed-instances': ended(snapshot?.failed),
      'killed-instances': ended(snapshot?.killed),
    },
    'num-active-instances': active.length,
    ...(overridden ? { 'service-description-overrides': overridesView(overrides) } : {}),
    ...(suspended === null ? {} : { 'service-suspended-state': suspendedView(suspended) }),
  };
}

/** The newest ten, by start time (the original kept the oldest: spec 7.2, 16). */
function newest(instances: readonly Instance[]): readonly Instance[] {
  return [...instances].sort(byStart).slice(-SHOWN_ENDED);
}
