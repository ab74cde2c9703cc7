import type { RequestFacts, RequestHead } from '../accept';
import { serverTiming } from './server-timing';

/** `EEE, dd MMM yyyy HH:mm:ss +0000` */
const rfc822 = (ms: number): string => new Date(ms).toUTCString().replace('GMT', '+0000');
const nanoseconds = (ms: number): string => String(Math.round(ms * 1e6));

export interface WayOptions {
  readonly routerId: string;
  /** Whether every response says how long its parts took. */
  readonly serverTiming: boolean;
}

/** What a response says of the way of its request. */
export function wayHeaders(
  head: RequestHead,
  facts: RequestFacts,
  { routerId, serverTiming: timed }: WayOptions,
): Record<string, string> {
  const shown = debugHeaders(head, facts, routerId);
  if (timed) shown['server-timing'] = serverTiming(head, facts);
  return shown;
}

/** What `x-waiter-debug` shows of the way of a request (spec: request-path 2.6); empty without it. */
export function debugHeaders(
  head: RequestHead,
  facts: RequestFacts,
  routerId: string,
): Record<string, string> {
  if (!head.debug) return {};
  const { service, slot, timeouts, principal, authenticationMethod, backendResponseMs } = facts;
  const shown: Record<string, string> = {
    'x-waiter-request-id': head.requestId,
    'x-waiter-router-id': routerId,
    'x-waiter-request-date': rfc822(head.arrivedAtMs),
    'x-waiter-client-protocol': head.clientProtocol,
    'x-waiter-internal-protocol': head.internalProtocol,
  };
  if (service !== null) shown['x-waiter-service-id'] = service.serviceId;
  if (slot !== null && service !== null) {
    shown['x-waiter-backend-id'] = slot.instanceId;
    shown['x-waiter-backend-host'] = slot.host;
    shown['x-waiter-backend-port'] = String(slot.port);
    shown['x-waiter-backend-proto'] = service.compiled.backendProto;
    shown['x-waiter-get-available-instance-ns'] = nanoseconds(slot.waitedMs);
    if (backendResponseMs !== null) shown['x-waiter-backend-response-ns'] = nanoseconds(backendResponseMs);
    if (timeouts !== null) {
      shown['x-waiter-queue-timeout-ms'] = String(timeouts.queueTimeoutMs);
      shown['x-waiter-socket-timeout-ms'] = String(timeouts.socketTimeoutMs);
      shown['x-waiter-streaming-timeout-ms'] = String(timeouts.streamingTimeoutMs);
    }
  }
  if (principal !== null && authenticationMethod !== null) {
    shown['x-waiter-auth-method'] = authenticationMethod;
    shown['x-waiter-auth-principal'] = principal;
    shown['x-waiter-auth-user'] = principal.split('@', 1)[0] ?? principal;
  }
  return shown;
}
