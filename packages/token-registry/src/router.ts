import { WaiterError } from '@waiter/core';
import express, { type Request, type Response, type Router } from 'express';
import { deleteToken } from './delete-token';
import type { TokenRouterDependencies } from './dependencies';
import { getToken } from './get-token';
import { listTokens } from './list-tokens';
import { postToken } from './post-token';
import { refreshTokens } from './refresh-tokens';
import { flagOf, queryOf, readBody, respondJson } from './request';
import { tokenHistory } from './token-history';
import { unavailable } from './unavailable';
import { watchTokens } from './watch-tokens';

type Handler = (user: string, request: Request, response: Response) => Promise<void>;

/**
 * The token routes: `/token`, `/token-history`, `/tokens`, `/tokens/owners`, `/tokens/refresh`, `/tokens/reindex` (spec:
 * services-and-tokens 4.1 to 4.5).
 * Failures are WaiterErrors passed to `next`; whoever mounts the router renders them with `renderError`.
 */
export function tokenRouter(deps: TokenRouterDependencies): Router {
  const router = express.Router({ strict: true, caseSensitive: true });
  const route = (path: string, handlers: ReadonlyMap<string, Handler>, otherwise: string): void => {
    router.all(path, readBody, async (request, response) => {
      const handler = handlers.get(request.method);
      const user = await deps.authenticate(request);
      if (handler === undefined) throw new WaiterError(otherwise, { status: 405 });
      await handler(user, request, response).catch(unavailable);
    });
  };
  const reindex: Handler = async (_user, _request, response) => {
    respondJson(response, { message: 'Successfully re-indexed', tokens: await deps.tokens.reindex() });
  };
  const owners: Handler = async (_user, _request, response) => {
    respondJson(response, Object.fromEntries(await deps.tokens.owners()));
  };

  route(
    '/token',
    new Map<string, Handler>([
      ['GET', (_user, request, response) => getToken(deps, request, response)],
      ['POST', (user, request, response) => postToken(deps, user, request, response)],
      ['DELETE', (user, request, response) => deleteToken(deps, user, request, response)],
    ]),
    'Invalid request method',
  );
  route(
    '/tokens',
    new Map<string, Handler>([
      [
        'GET',
        (_user, request, response) =>
          flagOf(queryOf(request), 'watch')
            ? watchTokens(deps, request, response)
            : listTokens(deps, request, response),
      ],
    ]),
    'Only GET supported',
  );
  route(
    '/token-history',
    new Map<string, Handler>([
      ['GET', (user, request, response) => tokenHistory(deps, user, request, response)],
    ]),
    'Only GET supported',
  );
  route('/tokens/owners', new Map([['GET', owners]]), 'Only GET supported');
  route('/tokens/reindex', new Map([['POST', reindex]]), 'Only POST supported');
  route(
    '/tokens/refresh',
    new Map<string, Handler>([
      ['POST', (_user, request, response) => refreshTokens(deps, request, response)],
    ]),
    'Only POST supported',
  );
  return router;
}
