import { isMap, WaiterError } from '@waiter/core';
import type { Json } from '@waiter/core';
import type { ApiDeps } from '../deps';
import { jsonMapBody } from '../http/body';
import type { Route } from '../http/route';

/**
 * `/metrics/external`: load of requests that did not pass through a router (spec: services-and-tokens 4.19). Services that
 * bypass routers are not supported here (`bypass-supported?` in `/settings`), so what is well-formed is taken and left
 * unused: `no-op: true`.
 */
export function externalMetricsRoutes({ config }: Pick<ApiDeps, 'config'>): Route[] {
  return [
    {
      path: '/metrics/external',
      auth: 'none',
      methods: {
        any: async (request) => {
          if (request.method !== 'POST') throw invalid('Only POST supported');
          const { cluster, 'service-metrics': services } = await jsonMapBody(request);
          if (cluster !== config.cluster.name)
            throw invalid(`Metrics are for another cluster than ${config.cluster.name}`);
          if (!isMap(services) || !Object.values(services).every(isServiceMetrics)) {
            throw invalid(
              'service-metrics must hold updated-at and metrics of each instance of each service',
            );
          }
          return { json: { 'no-op': true } };
        },
      },
    },
  ];
}

function isServiceMetrics(value: Json): boolean {
  return isMap(value) && Object.values(value).every(isInstanceMetrics);
}

function isInstanceMetrics(value: Json): boolean {
  if (!isMap(value) || !isTime(value['updated-at']) || !isMap(value['metrics'])) return false;
  const { 'last-request-time': last, 'active-request-count': active } = value['metrics'];
  return isTime(last) && (active === undefined || (Number.isInteger(active) && Number(active) >= 0));
}

function isTime(value: Json | undefined): boolean {
  return typeof value === 'string' && !Number.isNaN(Date.parse(value));
}

function invalid(message: string): WaiterError {
  return new WaiterError(message, { status: 400 });
}
