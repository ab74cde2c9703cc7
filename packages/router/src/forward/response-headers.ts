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

/**
 * Headers towards the client (spec: request-path 2.5), as a flat list of names and values: case, order and repetition as
 * the instance sent them, less what concerns its connection and the cookies that are Waiter's own.
 */
export function responseHeaders(
  raw: readonly string[],
  httpVersion: string,
  { cid, product, debug, ownCookies = false }: ResponseAdditions,
): string[] {
  let connection: string | undefined;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    if (raw[i]?.length === 10 && raw[i]?.toLowerCase() === 'connection')
      connection = connection === undefined ? raw[i + 1] : `${connection},${raw[i + 1]}`;
  }
  const named = connectionTokens(connection);
  const sent: string[] = [];
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
    sent.push(name, value);
  }
  if (!hasCid) sent.push('x-cid', cid);
  sent.push('via', viaOf(via, `HTTP/${httpVersion}`, product));
  for (const name in debug) sent.push(name, debug[name] ?? '');
  return sent;
}
