import { METHODS } from 'node:http';
import { WaiterError } from '@waiter/core';
import type { HeadSource } from '../../accept';
import { TARGET_TOO_LONG, TOO_LARGE, TOO_MANY_HEADERS, type Refusal } from '../../accept/client-error';

/** What a head may have at most. */
export interface HeadLimits {
  readonly requestHeadBytes: number;
  /** Fields; `cookie` counts once, however many pieces it comes in (RFC 9113 8.2.3). */
  readonly requestHeaderCount: number;
}

const refused = (message: string, status = 400): WaiterError =>
  new WaiterError(message, { status, errorCause: 'client-error' });
const refusedFor = ({ words, status }: Refusal): WaiterError => refused(words, status);

const KNOWN_METHODS: ReadonlySet<string> = new Set(METHODS);
/** A path with or without query, without fragment: what may stand in a request line of HTTP/1.1 (RFC 9112 3.2.1). */
const PLAIN_PATH = /^\/[!"$-~]*$/;
/** One host with or without port; no user, no space (RFC 9113 8.3.1). */
const PLAIN_AUTHORITY = /^[\w.~!$&'()*+;=:[\]%-]+$/;
/** Bytes that the lines of HTTP/1.1 add to a header. */
const LINE_BYTES = 4;

export interface Http2Head {
  readonly source: HeadSource;
  /** Why the request is refused; null when its head is sound. */
  readonly fault: WaiterError | null;
  /** As lines of HTTP/1.1. */
  readonly bytes: number;
}

/**
 * The head of a request of HTTP/2, as the head of HTTP/1.1 that means the same (RFC 9113 8.3): `:authority` is `host`.
 * nghttp2 has reset requests with upper-case names, connection-specific headers, unknown, repeated or misplaced pseudo
 * headers, and any content-length that is no number; here is refused what it lets through and HTTP/1.1 would not.
 * @param raw names and values in turn
 */
export function readHead(
  raw: readonly string[],
  socket: HeadSource['socket'],
  { requestHeadBytes, requestHeaderCount }: HeadLimits,
): Http2Head {
  let method = '';
  let path = '';
  let scheme = '';
  let authority: string | undefined;
  let host: string | undefined;
  let hosts = 0;
  let bytes = 0;
  let cookies = 0;
  const rawHeaders: string[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? '';
    const value = raw[i + 1] ?? '';
    bytes += name.length + value.length + LINE_BYTES;
    if (name === ':method') method = value;
    else if (name === ':path') path = value;
    else if (name === ':scheme') scheme = value;
    else if (name === ':authority') authority = value;
    else if (name === 'host') {
      hosts += 1;
      host = value;
    } else if (!name.startsWith(':')) {
      if (name === 'cookie') cookies += 1;
      rawHeaders.push(name, value);
    }
  }
  const named = authority ?? host;
  if (named !== undefined) rawHeaders.unshift('host', named);
  const source = { method, url: path, httpVersion: '2.0', rawHeaders, socket };
  const fault = (): WaiterError | null => {
    if (path.length > requestHeadBytes) return refusedFor(TARGET_TOO_LONG);
    if (bytes > requestHeadBytes) return refusedFor(TOO_LARGE);
    if (rawHeaders.length / 2 - Math.max(0, cookies - 1) > requestHeaderCount)
      return refusedFor(TOO_MANY_HEADERS);
    if (method === 'CONNECT') return refused('CONNECT is not supported', 405);
    if (!KNOWN_METHODS.has(method)) return refused('The request method is not known', 501);
    if (!PLAIN_PATH.test(path) && !(path === '*' && method === 'OPTIONS'))
      return refused('The request target must be a path');
    if (scheme !== 'http' && scheme !== 'https') return refused('The request scheme must be http or https');
    if (hosts > 1) return refused('More than one Host header');
    if (named === undefined) return refused('Host header is missing');
    if (!PLAIN_AUTHORITY.test(named)) return refused('The host of the request is not well-formed');
    if (
      authority !== undefined &&
      host !== undefined &&
      authority.toLowerCase() !== host.trim().toLowerCase()
    )
      return refused('The request authority and the Host header name different hosts');
    return null;
  };
  return { source, fault: fault(), bytes };
}
