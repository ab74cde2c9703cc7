import type { OutgoingHttpHeaders } from 'node:http';
import type { ResolvedService } from '@waiter/core';
import type { RequestFacts, RequestHead } from '../accept';
import { fieldsText, isoTime, quoted } from './json-text';

/** What is known of the response when its head is decided. */
export interface LoggedResponse {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders | readonly string[];
  readonly requestType: 'waiter-proxy' | 'waiter-api' | 'websocket-upgrade';
}

/** Parts of a line that are the same for many: who has made them before hands them in. */
export interface LogParts {
  /** `headersLogText` of the request. */
  readonly request: string;
  /** `responseLogText` of the response. */
  readonly response: string;
}

const nanoseconds = (ms: number): number => Math.round(ms * 1e6);

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
    server: get('server'),
  });
}

interface ServiceText {
  readonly facts: RequestFacts;
  readonly text: string;
}

/** What was written last for a service, which is nearly always what is to be written next. */
const serviceTexts = new WeakMap<ResolvedService, ServiceText>();

function serviceText(facts: RequestFacts): string {
  const { service } = facts;
  if (service === null) return partsOf(facts);
  const last = serviceTexts.get(service);
  if (
    last !== undefined &&
    last.facts.latestServiceId === facts.latestServiceId &&
    last.facts.principal === facts.principal &&
    last.facts.authenticationMethod === facts.authenticationMethod &&
    last.facts.token === facts.token
  ) {
    return last.text;
  }
  const text = partsOf(facts);
  serviceTexts.set(service, { facts: { ...facts, slot: null }, text });
  return text;
}

function partsOf({ service, token, principal, authenticationMethod, latestServiceId }: RequestFacts): string {
  return fieldsText({
    'authentication-method': authenticationMethod ?? undefined,
    principal: principal ?? undefined,
    token: service?.sourceTokens.map((one) => one.token).join(',') || (token ?? undefined),
    'service-id': service?.serviceId,
    'latest-service-id': latestServiceId ?? undefined,
    'fallback-triggered': service === null ? undefined : latestServiceId !== service.serviceId,
    'service-name': service?.compiled.name ?? undefined,
    'service-version': service?.compiled.version,
    'metric-group': service?.compiled.metricGroup,
    'run-as-user': service?.compiled.runAsUser,
  });
}

function instanceText({ slot, service }: RequestFacts): string {
  if (slot === null) return '';
  const proto = service === null ? '' : `,"instance-proto":${quoted(service.compiled.backendProto)}`;
  return (
    `,"instance-id":${quoted(slot.instanceId)},"instance-host":${quoted(slot.host)},"instance-port":${slot.port}${proto}` +
    `,"get-instance-latency-ns":${nanoseconds(slot.waitedMs)}`
  );
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
  parts: LogParts = { request: headersLogText(head), response: responseLogText(response.headers) },
  nowMs = performance.now(),
): string {
  const { status, requestType } = response;
  const { queryString } = head;
  const service = serviceText(facts);
  let line = `{"cid":${quoted(head.cid)},"request-id":${quoted(head.requestId)},"request-time":"${isoTime(head.arrivedAtMs)}"`;
  line += `,"request-type":"${requestType}","waiter-api":${requestType === 'waiter-api'},"method":${quoted(head.method)}`;
  line += `,"path":${quoted(head.path)},`;
  if (queryString !== null) line += `"query-string":${quoted(queryString)},`;
  line += `${parts.request},`;
  // The end of a WebSocket is far away when this is written.
  if (status !== 101) line += `"status":${status},`;
  line += parts.response;
  if (service !== '') line += `,${service}`;
  line += instanceText(facts);
  if (facts.backendResponseMs !== null) {
    line += `,"backend-response-latency-ns":${nanoseconds(facts.backendResponseMs)}`;
  }
  line += `,"handle-request-latency-ns":${nanoseconds(nowMs - head.startedAt)}`;
  if (facts.errorClass !== null) line += `,"waiter-error-class":${quoted(facts.errorClass)}`;
  return `${line}}`;
}
