import { descriptionHeaders, type HeaderMap } from '@waiter/core';
import type { Answer } from '../respond';

/** Who the request acts as; null: nobody (authentication is disabled). */
export interface Authenticated {
  readonly principal: string | null;
  readonly method: string | null;
}

const jsonError = (error: string): Answer => ({
  status: 400,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ error }),
});

/** The two ways to ask for a service without authentication that are not allowed (spec: request-path 9.6). */
export function refuseAuthenticationHeaders(headers: HeaderMap, authentication: string): Answer | null {
  if (headers['x-waiter-authentication'] !== undefined) {
    return jsonError('An authentication parameter is not supported for on-the-fly headers');
  }
  if (authentication === 'disabled' && descriptionHeaders(headers).parameterHeader) {
    return jsonError('An authentication disabled token may not be combined with on-the-fly headers');
  }
  return null;
}

/**
 * The one-user authenticator: everybody is the configured user. Tests make it refuse by `Authorization: SingleUser
 * <mode>` or `x-waiter-single-user` (spec: request-path 9.2).
 */
export function authenticateOneUser(
  headers: HeaderMap,
  authentication: string,
  user: string,
): Authenticated | Answer {
  if (authentication === 'disabled') return { principal: null, method: null };
  const authorization = /^SingleUser\s+(\S.*)$/.exec(headers['authorization'] ?? '')?.[1]?.trim();
  const mode = authorization ?? headers['x-waiter-single-user'];
  if (mode === 'unauthorized')
    return { status: 401, headers: { 'www-authenticate': 'SingleUser' }, body: '' };
  if (mode === 'forbidden') return { status: 403, headers: {}, body: '' };
  if (authorization !== undefined) {
    return {
      status: 400,
      headers: { 'x-waiter-single-user': `unknown operation: ${authorization}` },
      body: '',
    };
  }
  return { principal: user, method: 'single-user' };
}
