import { createHash, timingSafeEqual } from 'node:crypto';
import type { RequestHandler } from 'express';
import { unauthorized } from '../api-error';

/** What Marathon calls itself when it asks for a name and a password. */
const CHALLENGE = 'Basic realm="Mesosphere"';

/**
 * Lets through who knows the name and the password, as Marathon's `--http_credentials` (RFC 7617).
 * @param credentials `user:password`; undefined: everybody
 */
export function basicAuthentication(credentials: string | undefined): RequestHandler {
  if (credentials === undefined) return (_request, _response, next) => next();
  const expected = digest(`Basic ${Buffer.from(credentials).toString('base64')}`);
  return (request, response, next) => {
    const given = (request.get('authorization') ?? '').replace(/^basic +/i, 'Basic ');
    if (timingSafeEqual(digest(given), expected)) return next();
    response.set('WWW-Authenticate', CHALLENGE);
    next(unauthorized());
  };
}

/** Of one length whatever is given, so that the comparison takes one time. */
const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
