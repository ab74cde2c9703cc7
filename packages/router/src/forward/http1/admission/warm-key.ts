import type { HeaderMap } from '@waiter/core';

/** Headers that admission looks at beside the ones that the key is made of; a request with one of them is decided anew. */
const DECIDING: ReadonlySet<string> = new Set([
  'access-control-request-headers',
  'access-control-request-method',
  'authorization',
  'grpc-timeout',
  'origin',
]);
const OWN_PREFIX = 'x-waiter-';
/** Prefixes of cookies that are meant for Waiter. */
const OWN_COOKIE = /x-(?:waiter|auth)-/i;

/**
 * What a decision about a request depends on, if that is only its scheme and its token or host; null when it may be more:
 * headers that describe a service, credentials, an origin, and those that the configuration refuses.
 * @param refused names of headers that the configuration refuses or the authenticator looks at, lower-case
 */
export function warmKey(headers: HeaderMap, scheme: string, refused: ReadonlySet<string>): string | null {
  for (const name in headers) {
    if (DECIDING.has(name) || refused.has(name)) return null;
    if (name.startsWith(OWN_PREFIX) && name !== 'x-waiter-token') return null;
    if (name === 'cookie' && OWN_COOKIE.test(headers[name] ?? '')) return null;
  }
  const token = headers['x-waiter-token'];
  // No value of a header contains a line feed.
  return `${scheme}\n${token === undefined ? '' : `\n${token}`}\n${headers['host'] ?? ''}`;
}
