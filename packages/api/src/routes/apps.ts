import type { Request } from 'express';
import { SERVICE_KEYS } from '@waiter/core';
import type { Json } from '@waiter/core';
import type { ApiDeps } from '../deps';
import { includes, isFlagSet, valuesOf } from '../http/query';
import type { Route } from '../http/route';
import { matches, matchesAll } from '../services/filters';
import { readServices } from '../services/read-service';
import { activeInstances, commonView, isoTime, references } from '../services/service-view';
import type { ServiceFacts } from '../services/service-view';

type Deps = Pick<ApiDeps, 'store' | 'config' | 'entitlement' | 'port'>;

/** `/apps`: the services that run or are asked for (spec: services-and-tokens 4.6). */
export function appsRoutes(deps: Deps): Route[] {
  const [hostname = 'localhost'] = deps.config.router.hostnames;
  const base = `http://${hostname}:${deps.port}/apps`;
  return [
    {
      path: '/apps',
      auth: 'user',
      methods: {
        any: async (request, { identity }) => {
          const passes = filterOf(request);
          const anybodys = valuesOf(request, 'run-as-user').some((value) => value !== '');
          const services = (await readServices(deps)).filter(({ record }) => {
            const owner = record.description['run-as-user'];
            return anybodys || deps.entitlement.canManageService(identity.user, record.id, owner);
          });
          return { json: services.filter(passes).map((facts) => listEntry(facts, request, base)) };
        },
      },
    },
  ];
}

function filterOf(request: Request): (facts: ServiceFacts) => boolean {
  const mode = valuesOf(request, 'star-mode');
  const starMeansAll = mode.length === 0 || mode.includes('all');
  const parameters = new Map(
    Object.keys(request.query)
      .filter((name) => SERVICE_KEYS.has(name.split('.', 1)[0] ?? ''))
      .map((name) => [name, valuesOf(request, name)]),
  );
  const tokens = valuesOf(request, 'token');
  const versions = valuesOf(request, 'token-version');
  return ({ record }) => {
    const sources = record.sourceTokens.flat();
    const anySource = (wanted: readonly string[], key: 'token' | 'version'): boolean =>
      wanted.length === 0 || sources.some((source) => matches(source[key], wanted, starMeansAll));
    return (
      anySource(tokens, 'token') &&
      anySource(versions, 'version') &&
      matchesAll(record.effective, parameters, starMeansAll)
    );
  };
}

function listEntry(facts: ServiceFacts, request: Request, base: string): Record<string, Json> {
  const { record, snapshot } = facts;
  const instances = activeInstances(snapshot);
  const healthy = instances.filter((instance) => instance.healthy);
  return {
    'service-id': record.id,
    url: `${base}/${record.id}`,
    ...commonView(facts),
    'instance-counts': {
      'healthy-instances': healthy.length,
      'unhealthy-instances': instances.length - healthy.length,
    },
    ...optionalParts(facts, request),
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
export function optionalParts({ record }: ServiceFacts, request: Request): Record<string, Json> {
  const effective = includes(request, 'effective-parameters') || isFlagSet(request, 'effective-parameters');
  return {
    ...(effective ? { 'effective-parameters': { ...record.effective } } : {}),
    ...(includes(request, 'references') ? { references: references(record) } : {}),
  };
}
