import { own, pick, TOKEN_METADATA_KEYS, WaiterError } from '@waiter/core';
import type { Request, Response } from 'express';
import type { TokenRouterDependencies } from './dependencies';
import { flagOf, queryOf, respondJson, tokenByHeader } from './request';

/** `DELETE /token` (spec: services-and-tokens 4.1.3). The name comes by header or Host, never by query. */
export async function deleteToken(
  deps: TokenRouterDependencies,
  user: string,
  request: Request,
  response: Response,
): Promise<void> {
  const { tokens, settings, clock, entitlement } = deps;
  const name = tokenByHeader(request, settings.hostnames);
  if (name === undefined) throw new WaiterError("Couldn't find token in request", { status: 400 });
  const hard = flagOf(queryOf(request), 'hard-delete');
  const ifMatch = request.headers['if-match'];

  await tokens.remove({
    name,
    ifMatch,
    hard,
    by: user,
    nowMs: clock.now(),
    historyLength: settings.historyLength,
    check: ({ data, hash }) => {
      const owner = own(data, 'owner') ?? own(data, 'run-as-user') ?? null;
      if (!hard && !entitlement.canManageToken(user, name, owner)) {
        throw new WaiterError('User not allowed to delete token', { status: 403, details: { owner, user } });
      }
      if (hard && hash !== null && ifMatch === undefined) {
        throw new WaiterError('Must specify if-match header for token hard deletes', {
          status: 400,
          details: { token: name },
        });
      }
      if (hard && !entitlement.canAdministerToken(user, name, owner)) {
        const metadata = pick(data, (key) => key !== 'previous' && TOKEN_METADATA_KEYS.has(key));
        throw new WaiterError('Cannot hard-delete token', { status: 403, details: { metadata, user } });
      }
    },
  });
  response.setHeader('x-waiter-operation-result', 'token-deleted');
  if (ifMatch !== undefined) response.setHeader('etag', ifMatch);
  respondJson(response, { delete: name, 'hard-delete': hard, success: true });
}
