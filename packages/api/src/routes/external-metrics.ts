import { isMap, WaiterError } from '@waiter/core';
import type { Json } from '@waiter/core';
import type { ApiDeps } from '../deps';
import { jsonMapBody } from '../http/body';
import type { Route } from '../http/route';

/**
 * `/metrics/external`: load of requests that did not pass through a router (spec: request-path 10). Services that
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
          if (request.method !== 'POST') throw invalid('Invalid request method. Only POST is supported.');
          const { cluster, 'service-metrics': services } = await jsonMapBody(request);
          if (cluster !== config.cluster.name) throw invalid('Metrics are for a different cluster.');
          for (const [service, instances] of entriesOf(services, 'service-metrics')) {
            for (const [instance, reported] of entriesOf(instances, service)) {
              checkInstance(reported, `${service}.${instance}`);
            }
          }
          return { json: { 'no-op': true } };
        },
      },
    },
  ];
}

/** @throws WaiterError 400 */
function entriesOf(value: Json | undefined, path: string): [string, Json][] {
  if (!isMap(value)) throw invalid(`Invalid '${path}' field. Must be a map.`);
  return Object.entries(value);
}

/** @throws WaiterError 400 that names the field by its path */
function checkInstance(reported: Json, path: string): void {
  const { 'updated-at': updatedAt, metrics } = Object.fromEntries(entriesOf(reported, path));
  checkTime(updatedAt, `${path}.updated-at`);
  const fields = Object.fromEntries(entriesOf(metrics, `${path}.metrics`));
  checkTime(fields['last-request-time'], `${path}.metrics.last-request-time`);
  const active = fields['active-request-count'];
  if (active === undefined || (Number.isInteger(active) && Number(active) >= 0)) return;
  throw invalid(`Invalid '${path}.metrics.active-request-count' field. Must be non-negative integer.`);
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

function checkTime(value: Json | undefined, path: string): void {
  if (typeof value === 'string' && TIME.test(value) && !Number.isNaN(Date.parse(value))) return;
  throw invalid(`Invalid '${path}' field. Must be ISO-8601 time.`);
}

function invalid(message: string): WaiterError {
  return new WaiterError(message, { status: 400 });
}
