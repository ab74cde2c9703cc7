import type { OutgoingHttpHeaders } from 'node:http';
import type { RequestFacts, RequestHead } from '../accept';

/** What is known of the response when its head is decided. */
export interface LoggedResponse {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders | readonly string[];
  readonly requestType: 'waiter-proxy' | 'waiter-api' | 'websocket-upgrade';
}

const nanoseconds = (ms: number | null | undefined): number | undefined =>
  ms === null || ms === undefined ? undefined : Math.round(ms * 1e6);

function headerReader(headers: LoggedResponse['headers']): {
  count: number;
  get(name: string): string | undefined;
} {
  const flat: readonly unknown[] = Array.isArray(headers) ? headers : Object.entries(headers).flat();
  return {
    count: flat.length / 2,
    get: (name) => {
      for (let i = 0; i + 1 < flat.length; i += 2) {
        if (String(flat[i]).toLowerCase() === name) return String(flat[i + 1]);
      }
      return undefined;
    },
  };
}

/** One line of the request log (spec: request-path 11); unknown fields are left out. */
export function logLine(head: RequestHead, facts: RequestFacts, response: LoggedResponse): string {
  const { headers, message } = head;
  const sent = headerReader(response.headers);
  const { service, slot } = facts;
  return JSON.stringify({
    cid: head.cid,
    'request-id': head.requestId,
    'request-time': new Date(head.arrivedAtMs).toISOString(),
    'request-type': response.requestType,
    'waiter-api': response.requestType === 'waiter-api',
    method: head.method,
    scheme: head.scheme,
    host: headers['host'],
    path: head.path,
    'query-string': head.queryString ?? undefined,
    'client-protocol': head.clientProtocol,
    'internal-protocol': head.internalProtocol,
    'request-header-count': message.rawHeaders.length / 2,
    'request-content-length': headers['content-length'],
    'request-content-type': headers['content-type'],
    'cookie-header-length': headers['cookie']?.length,
    origin: headers['origin'],
    referer: headers['referer'],
    'remote-addr': headers['x-forwarded-for'] ?? message.socket.remoteAddress,
    'server-port': message.socket.localPort,
    'user-agent': headers['user-agent'],
    // The end of a WebSocket is far away when this is written.
    status: response.status === 101 ? undefined : response.status,
    'response-header-count': sent.count,
    'response-content-length': sent.get('content-length'),
    'response-content-type': sent.get('content-type'),
    'response-location': sent.get('location'),
    server: sent.get('server'),
    'authentication-method': facts.authenticationMethod ?? undefined,
    principal: facts.principal ?? undefined,
    token: service?.sourceTokens.map(({ token }) => token).join(',') || (facts.token ?? undefined),
    'service-id': service?.serviceId,
    'latest-service-id': facts.latestServiceId ?? undefined,
    'fallback-triggered': service === null ? undefined : facts.latestServiceId !== service.serviceId,
    'service-name': service?.compiled.name ?? undefined,
    'service-version': service?.compiled.version,
    'metric-group': service?.compiled.metricGroup,
    'run-as-user': service?.compiled.runAsUser,
    'instance-id': slot?.instanceId,
    'instance-host': slot?.host,
    'instance-port': slot?.port,
    'instance-proto': slot === null ? undefined : service?.compiled.backendProto,
    'get-instance-latency-ns': nanoseconds(slot?.waitedMs),
    'backend-response-latency-ns': nanoseconds(facts.backendResponseMs),
    'handle-request-latency-ns': nanoseconds(performance.now() - head.startedAt),
    'waiter-error-class': facts.errorClass ?? undefined,
  });
}
