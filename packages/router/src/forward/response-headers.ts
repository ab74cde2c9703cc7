import { lowerCaseName } from '../accept';
import { viaOf } from '../via';
import { connectionTokens, isHopByHop, isOwnCookie } from './hop-by-hop';

/** What the router adds to a response. */
export interface ResponseAdditions {
  readonly cid: string;
  readonly product: string;
  /** `x-waiter-*` of a request with `x-waiter-debug`; empty without. */
  readonly debug: Readonly<Record<string, string>>;
  /** True for answers of Waiter's own API, whose cookies are meant for the client. */
  readonly ownCookies?: boolean;
}

/** Headers of a response that go to every client alike. */
export interface PassedResponseHeaders {
  /** Names and values in turn; the caller's own list. */
  readonly headers: string[];
  /** The instance stated an `x-cid` of its own. */
  readonly hasCid: boolean;
  readonly via: string;
}

/**
 * Case, order and repetition as the instance sent them, less what concerns its connection and the cookies that are Waiter's
 * own.
 */
export function passedResponseHeaders(
  raw: readonly string[],
  httpVersion: string,
  product: string,
  ownCookies = false,
): PassedResponseHeaders {
  let connection: string | undefined;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    if (raw[i]?.length === 10 && raw[i]?.toLowerCase() === 'connection')
      connection = connection === undefined ? raw[i + 1] : `${connection},${raw[i + 1]}`;
  }
  const named = connectionTokens(connection);
  const headers: string[] = [];
  let hasCid = false;
  let via: string | undefined;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? '';
    const value = raw[i + 1] ?? '';
    const lower = lowerCaseName(name);
    if (isHopByHop(lower, named) || (lower === 'set-cookie' && !ownCookies && isOwnCookie(value))) continue;
    if (lower === 'via') {
      via = via === undefined ? value : `${via}, ${value}`;
      continue;
    }
    if (lower === 'x-cid') hasCid = true;
    headers.push(name, value);
  }
  return { headers, hasCid, via: viaOf(via, `HTTP/${httpVersion}`, product) };
}

/** Headers towards the client (spec: request-path 2.5), as a flat list of names and values. */
export function responseHeaders(
  raw: readonly string[],
  httpVersion: string,
  { cid, product, debug, ownCookies = false }: ResponseAdditions,
): string[] {
  const { headers, hasCid, via } = passedResponseHeaders(raw, httpVersion, product, ownCookies);
  if (!hasCid) headers.push('x-cid', cid);
  headers.push('via', via);
  for (const name in debug) headers.push(name, debug[name] ?? '');
  return headers;
}
