import { isMap, type Json, own, WaiterError } from '@waiter/core';
import type { Request, Response } from 'express';
import type { TokenRouterDependencies } from './dependencies';
import { jsonBody, respondJson } from './request';

/**
 * `POST /tokens/refresh`: routers of the original tell each other of changes by it. Ours keep no copies here, and tell
 * each other by the change feed; this reads on in it (spec: 4.4, 7.4). Who may ask is for whoever mounts the router.
 * @throws WaiterError 400
 */
export async function refreshTokens(
  { tokens }: TokenRouterDependencies,
  request: Request,
  response: Response,
): Promise<void> {
  const body = jsonBody(request);
  if (!isMap(body)) throw new WaiterError('Invalid JSON payload', { status: 400 });
  const owner = own<Json>(body, 'owner') ?? undefined;
  if (owner !== undefined && (typeof owner !== 'string' || !(await tokens.owners()).has(owner))) {
    throw new WaiterError('no owner-key found', { status: 400, details: { owner } });
  }
  tokens.feed.wake();
  respondJson(response, { success: true });
}
