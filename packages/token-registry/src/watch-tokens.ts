import { type Json, WaiterError } from '@waiter/core';
import type { TokenChange, TokenChanges } from '@waiter/store';
import type { Request, Response } from 'express';
import type { TokenRouterDependencies } from './dependencies';
import { readRows } from './list-tokens';
import { flagOf, type Query, queryOf } from './request';
import { Selection } from './selection';
import { WatchStream } from './watch-stream';

const DEFAULT_STREAMING_TIMEOUT_MS = 20_000;

/** @throws WaiterError 400 */
function streamingTimeout(query: Query, defaultMs: number): number {
  const values = query.get('streaming-timeout');
  if (values === undefined) return defaultMs;
  const [text = ''] = values;
  if (values.length > 1 || !/^\+?\d{1,15}$/.test(text)) {
    throw new WaiterError('streaming-timeout query parameter must be an integer', { status: 400 });
  }
  return Number(text);
}

/** @throws WaiterError 400 */
function startOf(query: Query): string | undefined {
  const [since] = query.get('since') ?? [];
  if (since === undefined || /^\d{1,15}-\d{1,15}$/.test(since)) return since;
  throw new WaiterError('since query parameter must be the id of an event of this stream', { status: 400 });
}

/** Whether the position lies behind the other. */
function isAfter(position: string, other: string): boolean {
  const [ms = 0, n = 0] = position.split('-').map(Number);
  const [otherMs = 0, otherN = 0] = other.split('-').map(Number);
  return ms > otherMs || (ms === otherMs && n > otherN);
}

/**
 * What a watcher is told of changes. A token that does not match any more is told of only where `leave-events` asks for
 * it; a token that is gone always, since who has it must drop it.
 */
function eventsOf(selection: Selection, leaveEvents: boolean, changes: readonly TokenChange[]): Json[] {
  const rows = changes.flatMap(({ now }) =>
    now !== null && selection.passesByEntry(now.entry) ? [{ entry: now.entry, token: now.record }] : [],
  );
  const chosen = new Map(
    rows.filter((row) => selection.passesByData(row)).map((row) => [row.entry.token, row]),
  );
  return changes.flatMap(({ token, owner, now }): Json[] => {
    const row = chosen.get(token);
    if (row !== undefined) return [{ object: selection.view(row), type: 'UPDATE' }];
    const leaves = now === null ? owner === undefined || selection.concerns(token, owner) : leaveEvents;
    return leaves ? [{ object: { token, ...(owner === undefined ? {} : { owner }) }, type: 'DELETE' }] : [];
  });
}

/**
 * `GET /tokens?watch=true` (spec: services-and-tokens 4.2.2): what is there, then every change, one JSON object per line.
 * Ours besides: `since=<id>` goes on after that event, on any router, with EVENTS (maybe empty) instead of INITIAL where
 * its successors are still kept; `leave-events=true` tells a token that stops matching as DELETE.
 */
export async function watchTokens(
  deps: TokenRouterDependencies,
  request: Request,
  response: Response,
): Promise<void> {
  const { tokens, streamingTimeoutMs = DEFAULT_STREAMING_TIMEOUT_MS } = deps;
  const query = queryOf(request);
  const selection = new Selection(deps, query);
  const leaveEvents = flagOf(query, 'leave-events');
  const idleTimeoutMs = streamingTimeout(query, streamingTimeoutMs);
  const since = startOf(query);

  let unfollow = (): void => undefined;
  const stream = new WatchStream(response, { ...deps, idleTimeoutMs, onEnd: () => unfollow() });
  const tell = ({ position, changes }: TokenChanges): void => {
    const objects = eventsOf(selection, leaveEvents, changes);
    if (objects.length > 0) stream.send('EVENTS', position, objects);
  };
  let early: TokenChanges[] | undefined = [];
  try {
    // Followed from before the first read, so that nothing falls between the two.
    unfollow = await tokens.feed.follow({
      onChanges: (changes) => {
        if (early !== undefined) early.push(changes);
        else stream.guard(() => tell(changes));
      },
      onLoss: () => stream.end(),
    });
    if (stream.ended) return unfollow();
    const missed = since === undefined ? null : await tokens.feed.since(since);
    let start: string;
    if (missed === null) {
      start = await tokens.feed.position();
      const all: Json[] = [];
      for await (const rows of readRows(tokens, selection)) {
        for (const row of rows) all.push(selection.view(row));
      }
      stream.send('INITIAL', start, all);
    } else {
      start = missed.position;
      stream.send('EVENTS', start, eventsOf(selection, leaveEvents, missed.changes));
    }
    for (const changes of early) if (isAfter(changes.position, start)) tell(changes);
    early = undefined;
  } catch (error) {
    stream.abandon();
    throw error;
  }
}
