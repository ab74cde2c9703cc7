import { allowance, discoverTokens, isSameOrigin, WaiterError } from '@waiter/core';
import type { AuthCookies, CorsPolicy } from '@waiter/core';
import { corsRequestOf } from '../authenticate/require-user';
import type { ApiDeps } from '../deps';

import { integerOf, valuesOf } from '../http/query';
import { requestHeaders } from '../services/resolve-request';
import type { Reply, Route } from '../http/route';

type Deps = Pick<ApiDeps, 'authenticator' | 'store' | 'config' | 'clock'>;

/** Who one is and for how long (spec: services-and-tokens 4.18, request-path 9.4). */
export function authenticationRoutes(deps: Deps, cookies: AuthCookies, cors: CorsPolicy): Route[] {
  return [
    {
      path: '/waiter-auth',
      auth: 'user',
      methods: {
        any: (_request, { identity: { method, principal, user } }) => ({
          headers: {
            'content-type': 'text/plain',
            'x-waiter-auth-method': method,
            'x-waiter-auth-principal': principal,
            'x-waiter-auth-user': user,
          },
          body: user,
        }),
      },
    },
    {
      path: '/.well-known/auth/expires-at',
      auth: 'none',
      methods: {
        any: (request) => {
          const content = cookies.read(request.headers.cookie);
          const { origin } = request.headers;
          const isCross = origin !== undefined && !isSameOrigin(corsRequestOf(request));
          return {
            headers: isCross ? { ...allowance(origin), ...cors.exposed, vary: 'Origin' } : {},
            json: { 'expires-at': content?.expiresAt ?? 0, principal: content?.principal ?? null },
          };
        },
      },
    },
    {
      path: '/.well-known/auth/keep-alive',
      auth: 'none',
      methods: { any: (request) => keepAlive(deps, cookies, request) },
    },
    {
      path: '/.well-known/oidc/v1/openid-enabled',
      auth: 'none',
      // No provider is configured, for any host (9.8).
      methods: { any: () => ({ status: 501, json: { 'client-id': null, enabled: false } }) },
    },
    {
      path: '/oidc/v1/callback',
      auth: 'none',
      methods: {
        any: () => {
          throw new WaiterError('OIDC authentication disabled', { status: 501 });
        },
      },
    },
  ];
}

/** @throws WaiterError 400 for an offset that is none */
async function keepAlive(
  { authenticator, store, config, clock }: Deps,
  cookies: AuthCookies,
  request: Parameters<typeof valuesOf>[0],
): Promise<Reply> {
  const { names } = discoverTokens(requestHeaders(request.headers), config.descriptions.hostnames);
  const records = await store.tokens.getMany(names);
  const missing = names.find((_, index) => (records[index] ?? null) === null);
  if (missing !== undefined) return { status: 404, json: { message: `Unknown token: ${missing}` } };
  if (valuesOf(request, 'done').length > 0) return { status: 204 };
  const offset = integerOf(request, 'offset');
  if (offset === null) throw new WaiterError('Unable to parse offset parameter', { status: 400 });
  if (offset !== undefined && offset <= 0) throw new WaiterError('Invalid offset parameter', { status: 400 });
  const content = cookies.read(request.headers.cookie);
  if (content !== null && offset !== undefined && content.expiresAt > clock.now() / 1000 + offset) {
    return { status: 204 };
  }
  // The cookie is what is to be renewed: only the authenticator itself counts.
  const outcome = await authenticator.authenticate(request.headers);
  if (!('identity' in outcome)) return { status: outcome.status, headers: outcome.headers, body: '' };
  const { method, principal, user } = outcome.identity;
  const shown = {
    'x-waiter-auth-method': method,
    'x-waiter-auth-principal': principal,
    'x-waiter-auth-user': user,
  };
  return {
    status: 204,
    headers: request.headers['x-waiter-debug'] === undefined ? {} : shown,
    ...(authenticator.issuesCookies ? { cookies: cookies.issue(principal) } : {}),
  };
}
