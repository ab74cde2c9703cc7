import type { Request, RequestHandler, Response } from 'express';
import { isPreflight } from '@waiter/core';
import type { AuthCookies, Authenticator, CorsPolicy, CorsRequest, Refusal } from '@waiter/core';
import { contextOf, pathOf, schemeOf, setContext } from '../http/context';

/** Lets only requests with an identity pass, and puts it into their context: by cookie, else by the authenticator. */
export function requireUser(authenticator: Authenticator, cookies: AuthCookies): RequestHandler {
  return async (request, response, next) => {
    const known = cookies.identityIn(request.headers);
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

/** Answers browsers that ask whether a page may call: before authentication, and for the API always yes. */
export function answerPreflight(cors: CorsPolicy): RequestHandler {
  return (request, response, next) => {
    if (!isPreflight(request.method, request.headers)) {
      next();
      return;
    }
    const asked = request.headers['access-control-request-headers'];
    const headers = cors.preflightHeaders(corsRequestOf(request), asked, null);
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    response.end();
  };
}

/** Refuses requests from pages that may not call; after authentication (spec: request-path 9.9). */
export function requireOrigin(cors: CorsPolicy): RequestHandler {
  return (request, response, next) => {
    if (request.headers.origin !== undefined) {
      tellOrigin(response, cors.apiResponseHeaders(corsRequestOf(request)));
    }
    next();
  };
}

/** What a page of another origin may read of this response. */
export function tellOrigin(response: Response, headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.vary('Origin');
}

export function corsRequestOf(request: Request): CorsRequest {
  const { method, headers } = request;
  return {
    origin: headers.origin ?? '',
    scheme: schemeOf(request),
    host: headers.host ?? null,
    path: pathOf(request),
    method,
  };
}

/** The answer of an authenticator to a client that it does not know: no body. */
export function refuse(response: Response, outcome: Refusal): void {
  response.statusCode = outcome.status;
  for (const [name, value] of Object.entries(outcome.headers)) response.setHeader(name, value);
  response.end();
}
