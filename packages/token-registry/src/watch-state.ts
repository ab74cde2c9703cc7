import type { Json } from '@waiter/core';
import type { TokenIndexEntry, TokenStore } from '@waiter/store';
import type { Request } from 'express';
import { includes, queryOf } from './request';

const indexed = (entry: TokenIndexEntry): Json => ({
  deleted: entry.deleted,
  etag: entry.etag,
  'last-update-time': entry.lastUpdateTimeMs,
  maintenance: entry.maintenance,
  owner: entry.owner,
  'reference-type->reference-name': {},
  token: entry.token,
});

const LAST_UPDATE_OF_REFERENCES = 'reference-type->reference-name->last-update-time';

/** Ids of events begin with the time, epoch ms, at which Redis took them. */
function timeOfPosition(position: string): string | null {
  const timeMs = Number(position.split('-')[0]);
  return timeMs === 0 ? null : new Date(timeMs).toISOString();
}

/**
 * State of `/state/token-watch-maintainer` (spec: services-and-tokens 4.20): time of the last change and number of
 * watchers at this router; with `include=token->index` what is known of every token, deleted ones too. No token has
 * references, and nothing is buffered between routers: these parts are empty.
 */
export async function tokenWatchState(tokens: TokenStore, request: Request): Promise<Record<string, Json>> {
  const query = queryOf(request);
  const wants = (what: string): boolean => includes(query, what);
  const entries = wants('token->index') ? await tokens.list({ includeDeleted: true }) : [];
  const nothing = ['buffer-state', 'reference-type->reference-name->tokens', LAST_UPDATE_OF_REFERENCES];
  return {
    'last-update-time': timeOfPosition(await tokens.feed.position()),
    'watch-count': tokens.feed.followers,
    ...(wants('token->index')
      ? { 'token->index': Object.fromEntries(entries.map((entry) => [entry.token, indexed(entry)])) }
      : {}),
    ...Object.fromEntries(nothing.filter(wants).map((what): [string, Json] => [what, {}])),
  };
}
