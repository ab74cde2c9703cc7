import { isDeepStrictEqual } from 'node:util';
import {
  isMap,
  type Json,
  type JsonMap,
  own,
  pick,
  SERVICE_KEYS,
  TOKEN_EDITABLE_KEYS,
  type TokenData,
  type TokenRecord,
  WaiterError,
} from '@waiter/core';
import type { Request, Response } from 'express';
import { checkToken } from './check-token';
import type { TokenRouterDependencies } from './dependencies';
import { checkAdminEdit, checkNormalEdit, type Edit } from './edit-rules';
import { clusterOf, queryOf, respondJson } from './request';
import { readTokenBody, type TokenBody } from './token-body';
import { isTime } from './token-view';

const ISO_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?$/;

/** Epoch ms of an integer or ISO text (UTC unless it says otherwise); undefined when it is neither. */
function timeOf(value: Json | undefined): number | undefined {
  if (typeof value === 'string' && ISO_TIME.test(value)) {
    const zoned = /(?:Z|[+-]\d{2}:?\d{2})$/.test(value) ? value : `${value}Z`;
    const time = Date.parse(zoned.replace(/([+-]\d{2})(\d{2})$/, '$1:$2'));
    return isTime(time) ? time : undefined;
  }
  return isTime(value) ? value : undefined;
}

/** Times of a history that came from another cluster as the ISO text that GET shows: stored as numbers again. */
function storedHistory(previous: JsonMap): JsonMap {
  const levels: Record<string, Json>[] = [];
  for (let at: Json | undefined = { ...previous }; isMap(at); at = own<Json>(at, 'previous')) {
    const time = timeOf(own<Json>(at, 'last-update-time'));
    levels.push(time === undefined ? { ...at } : { ...at, 'last-update-time': time });
  }
  return levels.reduceRight(
    (inner, level) => (Object.hasOwn(level, 'previous') ? { ...level, previous: inner } : level),
    {},
  );
}

/** Steps 18 and 19: system metadata that only admin mode gets this far with. */
function adminMetadata(data: JsonMap): Record<string, Json> {
  const previous = own(data, 'previous');
  if (previous !== undefined && !isMap(previous))
    throw new WaiterError('Token previous must be a map', { status: 400 });
  const given = own(data, 'last-update-time');
  const time = timeOf(given);
  if (given !== undefined && time === undefined) {
    throw new WaiterError('Invalid date format for last-update-time string', { status: 400 });
  }
  return {
    ...(previous === undefined ? {} : { previous: { ...storedHistory(previous) } }),
    ...(time === undefined ? {} : { 'last-update-time': time }),
  };
}

/** What counts as a change: order in `allowed-params` does not. */
function editable(data: TokenData): Record<string, Json> {
  const shown = pick(data, (key) => TOKEN_EDITABLE_KEYS.has(key));
  const allowed = own(shown, 'allowed-params');
  return Array.isArray(allowed) ? { ...shown, 'allowed-params': [...allowed].sort() } : shown;
}

interface Post extends TokenBody {
  readonly admin: boolean;
  readonly user: string;
  readonly ifMatch: string | undefined;
  readonly cluster: string;
  readonly nowMs: number;
}

/** From the present token to the next, or null for no change; refuses by throwing. Pure. */
function nextToken(post: Post, deps: TokenRouterDependencies, current: TokenRecord | null): TokenData | null {
  const { name, data, admin, user } = post;
  const { settings, entitlement } = deps;
  const existing = current !== null && current.hash !== null ? current.data : null;
  const owner = own(data, 'owner') ?? (existing === null ? undefined : own(existing, 'owner')) ?? user;
  const edit: Edit = { name, data, existing, owner, user, entitlement, messages: settings.messages ?? {} };
  if (admin) checkAdminEdit(edit, post.ifMatch);
  else checkNormalEdit(edit);

  const next: TokenData = {
    cluster: post.cluster,
    'last-update-time': post.nowMs,
    'last-update-user': user,
    owner,
    root: (existing === null ? undefined : own(existing, 'root')) ?? settings.clusterName,
    ...pick(data, (key) => key !== 'deleted' || own(data, key) === true),
    ...adminMetadata(data),
  };
  const same =
    existing !== null &&
    own(existing, 'cluster') === own(next, 'cluster') &&
    isDeepStrictEqual(editable(existing), editable(next));
  return same && !admin ? null : next;
}

const RESULTS = {
  created: ['Successfully created', 'token-created'],
  updated: ['Successfully updated', 'token-updated'],
  unchanged: ['No changes detected for', 'token-no-op'],
} as const;

/** `POST /token` (spec: services-and-tokens 3.4, 4.1.2). */
export async function postToken(
  deps: TokenRouterDependencies,
  user: string,
  request: Request,
  response: Response,
): Promise<void> {
  const { tokens, settings, clock } = deps;
  const query = queryOf(request);
  const body = readTokenBody(request, query, settings);
  const mode = query.get('update-mode')?.[0];
  const admin = mode === 'admin';
  checkToken(body.data, settings, admin && own(body.data, 'deleted') === true);
  if (mode !== undefined && !admin) throw new WaiterError(`Invalid update-mode: ${mode}`, { status: 400 });

  const ifMatch = request.headers['if-match'];
  const cluster = clusterOf(deps, request);
  const post: Post = { ...body, admin, user, ifMatch, cluster, nowMs: clock.now() };
  const { outcome, token } = await tokens.write({
    name: body.name,
    data: (current) => nextToken(post, deps, current),
    ifMatch,
    historyLength: settings.historyLength,
    limitPerOwner: admin ? undefined : settings.tokenLimitPerOwner,
  });
  const [message, result] = RESULTS[outcome];
  if (token !== null && token.hash !== null) response.setHeader('etag', token.hash);
  response.setHeader('x-waiter-operation-result', result);
  respondJson(response, {
    message: `${message} ${body.name}`,
    'service-description': pick(body.data, (key) => SERVICE_KEYS.has(key)),
  });
}
