import type { ResolvedService } from '@waiter/core';
import type { RequestHead } from '../accept';

/** Where a request goes in place of the first port of an instance. */
export interface Aimed {
  readonly portIndex?: number;
}

/** The value of `x-waiter-request-type` by which a ping says what it is. */
const HEALTH_CHECK = 'health-check';

/**
 * A service as the request of a ping reaches it: at the port and by the protocol that health checks use (spec:
 * request-path 8.5). The header is anybody's to send, so it leads nowhere else than to the health check.
 */
export function aimed(head: RequestHead, service: ResolvedService): ResolvedService & Aimed {
  const { compiled } = service;
  const { healthCheckPortIndex: portIndex, healthCheckProto: backendProto, healthCheckUrl: url } = compiled;
  if (head.headers['x-waiter-request-type'] !== HEALTH_CHECK || head.method !== 'GET') return service;
  if (head.target !== url && head.target !== `/${url}`) return service;
  if (portIndex === 0 && backendProto === compiled.backendProto) return service;
  return { ...service, portIndex, compiled: { ...compiled, backendProto } };
}
