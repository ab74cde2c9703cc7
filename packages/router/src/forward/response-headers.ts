import { lowerCaseName, type RequestFacts, type RequestHead } from '../accept';
import type { RouterOptions } from '../options';
import { wayHeaders } from '../respond';
import { viaOf } from '../via';
import { connectionTokens, isHopByHop, isOwnCookie } from './hop-by-hop';

/** What the router adds to a response. */
export interface ResponseAdditions {
  readonly cid: string;
  readonly product: string;
  /** What is told of the way of the request: `x-waiter-*` where it has `x-waiter-debug`, times where they are wanted. */
  readonly way: Readonly<Record<string, string>>;
  /** For a page of another origin, in place of what the instance says to it; null: there is none. */
  readonly cors: CorsHeaders | null;
  /** `Set-Cookie` lines of Waiter's own. */
  readonly cookies: readonly string[] | null;
  /** True for answers of Waiter's own API, whose cookies are meant for the client. */
  readonly ownCookies?: boolean;
}

type CorsHeaders = Readonly<Record<string, string>>;

/** What is added to an instance's response to this request. */
export function additionsTo(
  head: RequestHead,
  facts: RequestFacts,
  { product, options }: { readonly product: string; readonly options: RouterOptions },
): ResponseAdditions {
  return {
    cid: head.cid,
    product,
    way: wayHeaders(head, facts, options),
    cors: facts.corsHeaders,
    cookies: facts.newCookies,
  };
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
 * @param cors stated by the router in place of the instance
 */
export function passedResponseHeaders(
  raw: readonly string[],
  httpVersion: string,
  product: string,
  ownCookies = false,
  cors: CorsHeaders | null = null,
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
    if (cors !== null && Object.hasOwn(cors, lower)) continue;
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
  { cid, product, way, cors, cookies, ownCookies = false }: ResponseAdditions,
): string[] {
  const { headers, hasCid, via } = passedResponseHeaders(raw, httpVersion, product, ownCookies, cors);
  if (!hasCid) headers.push('x-cid', cid);
  headers.push('via', via);
  for (const name in way) headers.push(name, way[name] ?? '');
  addClientHeaders(cors, cookies, (name, value) => headers.push(name, value));
  return headers;
}

/** What this client is told besides. */
export function addClientHeaders(
  cors: CorsHeaders | null,
  cookies: readonly string[] | null,
  add: (name: string, value: string) => void,
): void {
  if (cors !== null) {
    for (const name in cors) add(name, cors[name] ?? '');
    // A cache must not give one origin the answer to another.
    add('vary', 'Origin');
  }
  if (cookies !== null) for (const cookie of cookies) add('set-cookie', cookie);
}
