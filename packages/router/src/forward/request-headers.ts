import type { HeaderMap } from '@waiter/core';
import { viaOf } from '../via';
import { connectionTokens, isHopByHop, isOwnCookie } from './hop-by-hop';

/** What a request to an instance is made of. */
export interface OutgoingRequest {
  /** As they arrived, folded. */
  readonly headers: HeaderMap;
  /** The client sends its body chunked. */
  readonly chunked: boolean;
  readonly cid: string;
  readonly clientProtocol: string;
  /** `waiter/<version>` */
  readonly product: string;
  /** Value of `authorization` for this service's instances. */
  readonly authorization: string;
  /** Full principal; null when nobody is authenticated. */
  readonly principal: string | null;
}

/** Only for the handshake with the instance, or replaced there (spec: request-path 2.4). */
const NOT_FOR_WEBSOCKETS: ReadonlySet<string> = new Set([
  'cache-control',
  'content-length',
  'cookie',
  'pragma',
]);

/** Cookies that the service may see; undefined: none are left. */
export function passedCookies(cookie: string): string | undefined {
  if (!cookie.includes('x-')) return cookie;
  const kept = cookie.split('; ').filter((pair) => !isOwnCookie(pair));
  return kept.length === 0 ? undefined : kept.join('; ');
}

/** Stated by the router, whatever the client said. */
const OWN: ReadonlySet<string> = new Set(['authorization', 'x-cid', 'via', 'expect', '__proto__']);

/** Where headers are written to: an object for node, or text for the http1 lane. */
export interface HeaderSink {
  /** @param name lower-case, each one once */
  add(name: string, value: string): void;
}

/** What of the client's headers goes on; framing is stated anew: exactly one of content-length and chunked, or neither. */
export function writePassedHeaders(
  { headers, chunked }: Pick<OutgoingRequest, 'headers' | 'chunked'>,
  sink: HeaderSink,
): void {
  const named = connectionTokens(headers['connection']);
  for (const name in headers) {
    if (OWN.has(name) || name.startsWith('x-waiter-') || isHopByHop(name, named)) continue;
    const value = headers[name] ?? '';
    const passed = name === 'cookie' ? passedCookies(value) : value;
    if (passed !== undefined) sink.add(name, passed);
  }
  if (chunked) sink.add('transfer-encoding', 'chunked');
}

/** Who asks; `x-waiter-*` of the client never get through, so these can be believed. */
export function writePrincipal(principal: string | null, sink: HeaderSink): void {
  if (principal === null) return;
  sink.add('x-waiter-auth-principal', principal.split('@', 1)[0] ?? principal);
  sink.add('x-waiter-authenticated-principal', principal);
}

/** Headers towards an HTTP instance (spec: request-path 2.3). */
export function writeRequestHeaders(outgoing: OutgoingRequest, sink: HeaderSink): void {
  writePassedHeaders(outgoing, sink);
  sink.add('authorization', outgoing.authorization);
  sink.add('x-cid', outgoing.cid);
  sink.add('via', viaOf(outgoing.headers['via'], outgoing.clientProtocol, outgoing.product));
  writePrincipal(outgoing.principal, sink);
}

/** The same as an object. */
export function requestHeaders(outgoing: OutgoingRequest): Record<string, string> {
  const sent: Record<string, string> = {};
  writeRequestHeaders(outgoing, { add: (name, value) => (sent[name] = value) });
  return sent;
}

/**
 * Headers of a WebSocket handshake with an instance (spec: request-path 2.4). Key, version and extensions pass, because
 * the bytes that follow are the client's own.
 */
export function upgradeHeaders(outgoing: OutgoingRequest, address: string): Record<string, string> {
  const sent = Object.entries(requestHeaders({ ...outgoing, chunked: false }));
  const kept = Object.fromEntries(sent.filter(([name]) => !NOT_FOR_WEBSOCKETS.has(name)));
  return { ...kept, host: address, connection: 'Upgrade', upgrade: 'websocket' };
}
