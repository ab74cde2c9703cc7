import type { HeaderMap } from './headers';
import { WAITER_HEADER } from './headers';

export interface TokenDiscovery {
  readonly source: 'waiter-header' | 'host-header' | 'none';
  /** To be loaded by the caller, in this order. */
  readonly names: readonly string[];
}

/** The host without its port; brackets of an IPv6 address are kept off. */
export function hostWithoutPort(host: string): string {
  const bracketed = /^\[([^\]]*)\](?::\d*)?$/.exec(host.trim());
  if (bracketed?.[1] !== undefined) return bracketed[1];
  return host.trim().replace(/:\d*$/, '');
}

function isOwnHost(host: string, hostnames: readonly string[]): boolean {
  const lower = host.toLowerCase();
  return hostnames.some((name) => name.toLowerCase() === lower);
}

/**
 * Which tokens a request names (spec: services-and-tokens 2.1): the `x-waiter-token` header, split on commas, wins
 * over a host that is none of ours.
 */
export function discoverTokens(headers: HeaderMap, hostnames: readonly string[]): TokenDiscovery {
  const header = headers['x-waiter-token'];
  if (header !== undefined && header.trim() !== '') {
    return { source: 'waiter-header', names: header.replace(/,+$/, '').split(',') };
  }
  const host = hostWithoutPort(headers['host'] ?? '');
  if (host === '' || isOwnHost(host, hostnames)) return { source: 'none', names: [] };
  return { source: 'host-header', names: [host] };
}

const API_PATHS = new Set([
  '/app-name',
  '/service-id',
  '/token',
  '/waiter-ping',
  '/.well-known/auth/expires-at',
  '/.well-known/auth/keep-alive',
  '/.well-known/oidc/v1/openid-enabled',
  '/oidc/v1/callback',
]);
const API_PATTERN = /^\/waiter-(?:async\/(?:v2\/)?(?:complete|result|status)\/|auth\/|consent|interstitial)/;

/** Whether a path is Waiter's own, whatever the host and the headers. */
export function isApiPath(path: string): boolean {
  return API_PATHS.has(path) || API_PATTERN.test(path);
}

/**
 * Whether the request is for Waiter itself and not for a service (spec: services-and-tokens 0.1).
 * @param request `path` without query; `host` as in the Host header
 * @param hostnames every name of this router: the configured ones, localhost, 127.0.0.1, the machine's name and address
 */
export function isApiRequest(
  request: { readonly path: string; readonly host: string | undefined; readonly headers: HeaderMap },
  hostnames: readonly string[],
): boolean {
  if (isApiPath(request.path)) return true;
  const host = hostWithoutPort(request.host ?? '');
  if (host !== '' && !isOwnHost(host, hostnames)) return false;
  for (const name in request.headers) {
    if (name.startsWith(WAITER_HEADER) && name !== 'x-waiter-debug') return false;
  }
  return true;
}
