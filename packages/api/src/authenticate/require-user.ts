import type { IncomingHttpHeaders } from 'node:http';
import type { RequestHandler, Response } from 'express';
import { contextOf, setContext } from '../http/context';
import type { AuthCookies } from './auth-cookie';
import { userOf } from './authenticator';
import type { Authentication, Authenticator, Identity } from './authenticator';

/** Lets only requests with an identity pass, and puts it into their context: by cookie, else by the authenticator. */
export function requireUser(authenticator: Authenticator, cookies: AuthCookies): RequestHandler {
  return async (request, response, next) => {
    const known = byCookie(request.headers, cookies);
    const outcome = known === null ? await authenticator.authenticate(request.headers) : { identity: known };
    if (!('identity' in outcome)) {
      refuse(response, outcome);
      return;
    }
    if (known === null && authenticator.issuesCookies) {
      response.append('set-cookie', [...cookies.issue(outcome.identity.principal)]);
    }
    setContext(request, { ...contextOf(request), identity: outcome.identity });
    next();
  };
}

/** A request with a bearer token is not known by its cookie (spec: request-path 9.3). */
export function byCookie(headers: IncomingHttpHeaders, cookies: AuthCookies): Identity | null {
  if (/(^|,)\s*Bearer\s+[^\s,.]+\.[^\s,.]+\.[^\s,.]+/i.test(headers.authorization ?? '')) return null;
  const content = cookies.read(headers.cookie);
  if (content === null) return null;
  return { method: 'cookie', principal: content.principal, user: userOf(content.principal) };
}

/** The answer of an authenticator to a client that it does not know: no body. */
export function refuse(response: Response, outcome: Exclude<Authentication, { identity: Identity }>): void {
  response.statusCode = outcome.status;
  for (const [name, value] of Object.entries(outcome.headers)) response.setHeader(name, value);
  response.end();
}
