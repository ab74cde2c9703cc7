import { descriptionHeaders, WaiterError } from '@waiter/core';
import type { AuthCookies, Authentication, Authenticator, HeaderMap } from '@waiter/core';
import type { RequestFacts } from '../accept';
import type { Answer } from '../respond';

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

/** Finds out who sends a proxied request: by cookie, else by the authenticator (spec: request-path 9.1, 9.3). */
export class RequestAuthentication {
  constructor(
    private readonly authenticator: Authenticator,
    private readonly cookies: AuthCookies,
  ) {}

  /**
   * Who it is goes into `facts`; nobody, where the service asks for no authentication and there is no cookie either.
   * @param authentication value of the parameter for the service
   * @param cookieOnly nothing else counts, as for WebSockets (spec: request-path 1.6): pages of any origin can open those, and
   *   browsers keep the cookie from pages of other sites
   * @returns the answer that refuses the request, or null
   * @throws WaiterError 403 where only a cookie counts and there is none
   */
  identify(
    headers: HeaderMap,
    facts: RequestFacts,
    authentication: string,
    cookieOnly = false,
  ): Answer | null | Promise<Answer | null> {
    const known = headers['cookie'] === undefined ? null : this.cookies.identityIn(headers);
    if (known !== null) {
      facts.principal = known.principal;
      facts.authenticationMethod = known.method;
      return null;
    }
    if (authentication === 'disabled') return null;
    if (cookieOnly) throw new WaiterError('Unauthorized', { status: 403 });
    const outcome = this.authenticator.authenticate(headers);
    return outcome instanceof Promise
      ? outcome.then((later) => this.conclude(later, facts))
      : this.conclude(outcome, facts);
  }

  private conclude(outcome: Authentication, facts: RequestFacts): Answer | null {
    if (!('identity' in outcome)) return { ...outcome, body: '' };
    const { principal, method } = outcome.identity;
    facts.principal = principal;
    facts.authenticationMethod = method;
    if (this.authenticator.issuesCookies) facts.newCookies = this.cookies.issueOften(principal);
    return null;
  }
}
