import type { RequestHandler } from 'express';
import { contextOf, setContext } from '../http/context';
import type { Authenticator } from './authenticator';

/** Lets only requests with an identity pass, and puts it into their context. */
export function requireUser(authenticator: Authenticator): RequestHandler {
  return async (request, response, next) => {
    const outcome = await authenticator.authenticate(request.headers);
    if ('identity' in outcome) {
      setContext(request, { ...contextOf(request), identity: outcome.identity });
      next();
      return;
    }
    response.statusCode = outcome.status;
    for (const [name, value] of Object.entries(outcome.headers)) response.setHeader(name, value);
    response.end();
  };
}
