import type { ResolvedService } from '@waiter/core';
import type { RequestHead } from '../accept';

/** What is different about the request of a ping. */
export interface Aimed {
  /** Where it goes in place of the first port of an instance. */
  readonly portIndex?: number;
  /** It goes before all that wait (spec: request-path 3.4). */
  readonly prioritised?: boolean;
}

/** The value of `x-waiter-request-type` by which a ping says what it is. */
const HEALTH_CHECK = 'health-check';

/**
 * A service as the request of a ping reaches it: at the port and by the protocol that health checks use (spec:
 * request-path 8.5), before what waits. The header is anybody's to send, as a ping is, so it leads nowhere else than to the
 * health check.
 */
export function aimed(head: RequestHead, service: ResolvedService): ResolvedService & Aimed {
  const { compiled } = service;
  const { healthCheckPortIndex: portIndex, healthCheckProto: backendProto, healthCheckUrl: url } = compiled;
  if (head.headers['x-waiter-request-type'] !== HEALTH_CHECK || head.method !== 'GET') return service;
  if (head.target !== url && head.target !== `/${url}`) return service;
  if (portIndex === 0 && backendProto === compiled.backendProto) return { ...service, prioritised: true };
  return { ...service, portIndex, prioritised: true, compiled: { ...compiled, backendProto } };
}
