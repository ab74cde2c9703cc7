/** Headers that concern one connection only (spec: request-path 2.3), with `proxy-connection` and `trailer` besides. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'trailers',
  'transfer-encoding',
  'upgrade',
]);

/** What `Connection` may not name away: the message would mean something else without them. */
const KEPT: ReadonlySet<string> = new Set(['host', 'content-length']);
const NONE: ReadonlySet<string> = new Set();

/** Names listed in a Connection header, lower-case. */
export function connectionTokens(connection: string | undefined): ReadonlySet<string> {
  if (connection === undefined) return NONE;
  const lower = connection.toLowerCase();
  if (lower === 'keep-alive' || lower === 'close') return NONE;
  return new Set(lower.split(',').map((token) => token.trim()));
}

/** @param name lower-case; `named` are the tokens of the message's own Connection header */
export function isHopByHop(name: string, named: ReadonlySet<string>): boolean {
  return HOP_BY_HOP.has(name) || (named.has(name) && !KEPT.has(name));
}

/** Cookies that are between the client and Waiter. */
const OWN_COOKIES = ['x-auth-expires-at=', 'x-waiter-auth=', 'x-waiter-oidc-challenge-'];

export function isOwnCookie(pair: string): boolean {
  return OWN_COOKIES.some((prefix) => pair.startsWith(prefix));
}
