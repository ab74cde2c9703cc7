import { randomUUID } from 'node:crypto';
import type { ServiceId, ServiceParameters } from '@waiter/core';
import type { ServiceSpec } from '../port';

const SERVER = `let status = 200; require('http').createServer((q, r) => { if (q.url === '/fail') status = 500; r.statusCode = status; r.end(JSON.stringify(process.env)); }).listen(process.env.PORT0)`;

/** What the conformance suite wants of its `serveCommand`. */
export const SERVE = `exec ${process.execPath} -e "${SERVER}"`;
/** Takes 150 MB and more. */
export const GREEDY = `exec ${process.execPath} -e "const b = Buffer.alloc(150 << 20, 1); setInterval(() => b.length, 1000)"`;

export const newServiceId = (): ServiceId => `waiter-service-${randomUUID().replaceAll('-', '')}`;

/** Health checks every second and short backoff, so that neither keeps a test waiting. */
export function serviceSpec(
  id: ServiceId,
  cmd: string,
  instances: number,
  more: ServiceParameters = {},
): ServiceSpec {
  const description = { cmd, cpus: 0.1, mem: 64, name: 'conformance', ...more };
  const environment = { WAITER_SERVICE_ID: id, PATH: process.env['PATH'] ?? '' };
  const effective = {
    'health-check-url': '/',
    'health-check-interval-secs': 1,
    'restart-backoff-factor': 1,
    ...description,
  };
  return { id, description, effective, environment, instances };
}
