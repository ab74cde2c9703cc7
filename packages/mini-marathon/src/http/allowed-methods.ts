import type { RequestHandler } from 'express';
import { methodNotAllowed, uriNotFound } from '../api-error';

const GET = ['GET', 'HEAD'];
const CHANGE = [...GET, 'POST', 'PUT', 'DELETE'];

/** What may be done with which resource. The first that matches counts. */
const RESOURCES: readonly (readonly [path: RegExp, methods: readonly string[]])[] = [
  [/^\/v2\/apps\/?$/, [...GET, 'POST', 'PUT', 'PATCH']],
  [/^\/v2\/apps\/.+\/restart\/?$/, ['POST']],
  [/^\/v2\/apps\/.+\/tasks(\/[^/]+)?\/?$/, [...GET, 'DELETE']],
  [/^\/v2\/apps\/.+\/versions(\/[^/]+)?\/?$/, GET],
  [/^\/v2\/apps\/./, [...GET, 'PUT', 'PATCH', 'DELETE']],
  [/^\/v2\/deployments\/?$/, GET],
  [/^\/v2\/deployments\/[^/]+\/?$/, ['DELETE']],
  [/^\/v2\/queue\/?$/, GET],
  [/^\/v2\/queue\/.+\/delay\/?$/, ['DELETE']],
  [/^\/v2\/tasks\/?$/, GET],
  [/^\/v2\/tasks\/delete\/?$/, ['POST']],
  [/^\/v2\/groups(\/|$)/, [...CHANGE, 'PATCH']],
  [/^\/v2\/pods(\/|$)/, CHANGE],
  [/^\/v2\/leader\/?$/, [...GET, 'DELETE']],
  [/^\/v2\/eventSubscriptions\/?$/, [...GET, 'POST', 'DELETE']],
  [/^\/(ping|logging|metrics(\/prometheus)?|v2\/(info|events|plugins))\/?$/, GET],
];

/** Answers `OPTIONS`, and before any body is read what no route would take: 405 with what is allowed, or 4B.2's odd 500. */
export function allowedMethods(): RequestHandler {
  return (request, response, next) => {
    const allowed = RESOURCES.find(([path]) => path.test(request.path))?.[1];
    if (allowed === undefined) return next(request.path.startsWith('/v2/') ? uriNotFound() : undefined);
    if (allowed.includes(request.method)) return next();
    response.set('Allow', [...allowed, 'OPTIONS'].join(', '));
    if (request.method !== 'OPTIONS') return next(methodNotAllowed());
    response.status(204).end();
  };
}
