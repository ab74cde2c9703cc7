import type { Request } from 'express';
import { filterFairly } from '@waiter/core';
import type { Json } from '@waiter/core';
import type { ApiDeps } from '../deps';
import { includes, isFlagSet, valuesOf } from '../http/query';
import type { Route } from '../http/route';
import { readServices } from '../services/read-service';
import { serviceFilter } from '../services/service-filter';
import { activeInstances, commonView, isoTime, references } from '../services/service-view';
import type { ServiceFacts } from '../services/service-view';
import { tokenFallback } from '../services/token-fallback';
import { publicUrl } from './logs';

type Deps = Pick<ApiDeps, 'store' | 'config' | 'entitlement' | 'port' | 'clock'>;

/** `/apps`: the services that run or are asked for (spec: services-and-tokens 4.6). */
export function appsRoutes(deps: Deps): Route[] {
  return [
    {
      path: '/apps',
      auth: 'user',
      methods: {
        any: async (request, { identity }) => {
          const passes = serviceFilter(request);
          const anybodys = valuesOf(request, 'run-as-user').some((value) => value !== '');
          const services = (await readServices(deps)).filter(({ record }) => {
            const owner = record.description['run-as-user'];
            return anybodys || deps.entitlement.canManageService(identity.user, record.id, owner);
          });
          const shown = await filterFairly(services, ({ record }) => passes(record));
          return { json: await Promise.all(shown.map((facts) => listEntry(deps, facts, request))) };
        },
      },
    },
  ];
}

async function listEntry(deps: Deps, facts: ServiceFacts, request: Request): Promise<Record<string, Json>> {
  const { record, snapshot } = facts;
  const instances = activeInstances(snapshot);
  const healthy = instances.filter((instance) => instance.healthy);
  return {
    'service-id': record.id,
    url: `${publicUrl(deps)}/apps/${record.id}`,
    ...commonView(facts),
    'instance-counts': {
      'healthy-instances': healthy.length,
      'unhealthy-instances': instances.length - healthy.length,
    },
    ...(await optionalParts(deps, facts, request)),
    ...(includes(request, 'healthy-instances')
      ? {
          instances: {
            'healthy-instances': healthy.map(({ host, id, port, startedAtMs }) => ({
              host,
              id,
              port,
              'started-at': isoTime(startedAtMs),
            })),
          },
        }
      : {}),
  };
}

/** Parts of a service that are shown on request only, in a list as well as alone. */
export async function optionalParts(
  deps: Deps,
  facts: ServiceFacts,
  request: Request,
): Promise<Record<string, Json>> {
  const { record } = facts;
  const effective = includes(request, 'effective-parameters') || isFlagSet(request, 'effective-parameters');
  return {
    ...(effective ? { 'effective-parameters': { ...record.effective } } : {}),
    ...(includes(request, 'references') ? { references: references(record) } : {}),
    ...(includes(request, 'token-fallback') ? await tokenFallback(deps, facts) : {}),
  };
}
