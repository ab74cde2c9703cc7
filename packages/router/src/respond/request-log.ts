import type { OutgoingHttpHeaders } from 'node:http';
import type { BackendProto } from '@waiter/core';
import type { RequestFacts, RequestHead } from '../accept';
import { fieldsText, isoTime, quoted } from './json-text';

/** Variable of a service's environment that names fields to leave out. */
const REDACTED = 'WAITER_CONFIG_REDACTED_REQUEST_FIELDS';

/** What is known of the response when its head is decided. */
export interface LoggedResponse {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders | readonly string[];
  /** Where no service was resolved. */
  readonly serviceId?: string;
  readonly requestType: 'waiter-proxy' | 'waiter-api' | 'websocket-upgrade' | 'async-status-check';
}

/** Parts of a line; who has made one before for many requests hands it in. */
export interface LogParts {
  /** `idsLogText` of the request. */
  readonly ids: string;
  /** `headersLogText` of the request. */
  readonly request: string;
  /** `responseLogText` of the response. */
  readonly response: string;
  /** `placeLogText` of what is known of the request. */
  readonly place: string;
}

/** To the microsecond, like most clocks; short numbers are also cheaper to write. */
function nanoseconds(ms: number): string {
  const micros = Math.round(ms * 1e3);
  return micros === 0 ? '0' : `${micros}000`;
}

export function idsLogText({ cid, requestId }: RequestHead): string {
  return `"cid":${quoted(cid)},"request-id":${quoted(requestId)}`;
}

/** The part that depends on the connection and the header lines of a request alone. */
export function headersLogText(head: RequestHead): string {
  const { headers, message } = head;
  return fieldsText({
    scheme: head.scheme,
    host: headers['host'],
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
  });
}

/** The part that depends on the headers of a response alone. */
export function responseLogText(headers: LoggedResponse['headers']): string {
  const flat: readonly unknown[] = Array.isArray(headers) ? headers : Object.entries(headers).flat();
  const get = (name: string): string | undefined => {
    for (let i = 0; i + 1 < flat.length; i += 2) {
      if (String(flat[i]).toLowerCase() === name) return String(flat[i + 1]);
    }
    return undefined;
  };
  return fieldsText({
    'response-header-count': flat.length / 2,
    'response-content-length': get('content-length'),
    'response-content-type': get('content-type'),
    'response-location': get('location'),
    'grpc-status': get('grpc-status'),
    server: get('server'),
  });
}

/** The part that says where the request went: service and instance, and on whose behalf. Begins with a comma, or is empty. */
export function placeLogText(facts: RequestFacts): string {
  const { slot, service } = facts;
  const text = serviceText(facts);
  if (slot === null) return text;
  const proto = service === null ? '' : protocolText(service.compiled.backendProto);
  return `${text},"instance-id":${quoted(slot.instanceId)},"instance-host":${quoted(slot.host)},"instance-port":${slot.port}${proto}`;
}

function protocolText(backendProto: BackendProto): string {
  const version = backendProto === 'h2' || backendProto === 'h2c' ? 'HTTP/2.0' : 'HTTP/1.1';
  return `,"instance-proto":"${backendProto}","backend-protocol":"${version}"`;
}

function serviceText({
  service,
  token,
  principal,
  authenticationMethod,
  latestServiceId,
}: RequestFacts): string {
  const text = fieldsText({
    'authentication-method': authenticationMethod ?? undefined,
    principal: principal ?? undefined,
    token: service?.sourceTokens.map((one) => one.token).join(',') || (token ?? undefined),
    'service-id': service?.serviceId,
    'latest-service-id': latestServiceId ?? undefined,
    'fallback-triggered': service === null ? undefined : latestServiceId !== service.serviceId,
    'service-name': service?.compiled.name ?? undefined,
    'service-version': service?.compiled.version,
    'service-image': service?.compiled.image ?? undefined,
    'service-profile': service?.compiled.profile ?? undefined,
    'metric-group': service?.compiled.metricGroup,
    'run-as-user': service?.compiled.runAsUser,
  });
  return text === '' ? '' : `,${text}`;
}

/**
 * One line of the request log (spec: request-path 11); unknown fields are left out. Put together by hand: as one call of
 * `JSON.stringify` it cost a third of what a whole request costs in the http1 lane.
 * @param nowMs monotonic milliseconds
 */
export function logLine(
  head: RequestHead,
  facts: RequestFacts,
  response: LoggedResponse,
  parts: LogParts = logParts(head, facts, response),
  nowMs = performance.now(),
): string {
  const { status, requestType, serviceId } = response;
  const { queryString } = head;
  const { slot, backendResponseMs, errorClass } = facts;
  let line = `{${parts.ids},"request-time":"${isoTime(head.arrivedAtMs)}","request-type":"${requestType}"`;
  line += requestType === 'waiter-api' ? ',"waiter-api":true,"method":' : ',"waiter-api":false,"method":';
  line += `${quoted(head.method)},"path":${quoted(head.path)},`;
  if (queryString !== null) line += `"query-string":${quoted(queryString)},`;
  line += `${parts.request},`;
  // The end of a WebSocket is far away when this is written.
  if (status !== 101) line += `"status":${status},`;
  line += parts.response + parts.place;
  if (serviceId !== undefined) line += `,"service-id":${quoted(serviceId)}`;
  if (slot !== null) line += `,"get-instance-latency-ns":${nanoseconds(slot.waitedMs)}`;
  if (backendResponseMs !== null) line += `,"backend-response-latency-ns":${nanoseconds(backendResponseMs)}`;
  line += `,"handle-request-latency-ns":${nanoseconds(nowMs - head.startedAt)}`;
  if (errorClass !== null) line += `,"waiter-error-class":${quoted(errorClass)}`;
  const redacted = facts.service?.compiled.env[REDACTED];
  return redacted === undefined ? `${line}}` : without(redacted, `${line}}`);
}

/** Of a service whose users want less to be written down of them. @param names separated by commas */
function without(names: string, line: string): string {
  const fields = JSON.parse(line) as Record<string, unknown>;
  const left = new Set(names.split(',').map((name) => name.trim()));
  return `{${fieldsText(Object.fromEntries(Object.entries(fields).filter(([name]) => !left.has(name))))}}`;
}

function logParts(head: RequestHead, facts: RequestFacts, { headers }: LoggedResponse): LogParts {
  return {
    ids: idsLogText(head),
    request: headersLogText(head),
    response: responseLogText(headers),
    place: placeLogText(facts),
  };
}
