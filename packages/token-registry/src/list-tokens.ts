import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { filterFairly } from '@waiter/core';
import type { TokenStore } from '@waiter/store';
import type { Request, Response } from 'express';
import type { TokenRouterDependencies } from './dependencies';
import { queryOf } from './request';
import { type Row, Selection } from './selection';

/** So many tokens are read, shown and sent at a time. */
const BATCH = 1_000;

/** The tokens that are selected, as they are now, in batches. */
export async function* readRows(tokens: TokenStore, selection: Selection): AsyncGenerator<readonly Row[]> {
  const { owners, includeDeleted, needsData } = selection;
  const listed = await tokens.list({ ...(owners === undefined ? {} : { owners }), includeDeleted });
  const entries = listed.filter((entry) => selection.passesByEntry(entry));
  for (let i = 0; i < entries.length; i += BATCH) {
    const batch = entries.slice(i, i + BATCH);
    const names = batch.map(({ token }) => token);
    const read = needsData ? await tokens.getMany(names, { includeDeleted: true }) : [];
    const rows = batch.map((entry, index): Row => ({ entry, token: read[index] ?? null }));
    yield needsData ? await filterFairly(rows, (row) => selection.passesByData(row)) : rows;
  }
}

/** `GET /tokens` without watch (spec: services-and-tokens 4.2): a long list leaves in pieces, as they are made. */
export async function listTokens(
  deps: TokenRouterDependencies,
  request: Request,
  response: Response,
): Promise<void> {
  const selection = new Selection(deps, queryOf(request));
  response.setHeader('content-type', 'application/json');
  const gone = once(response, 'close');
  let text = '';
  let open = '[';
  for await (const rows of readRows(deps.tokens, selection)) {
    if (text !== '' && !(await sent(response, text, gone))) return;
    text = '';
    for (const row of rows) {
      text += open + JSON.stringify(selection.view(row));
      open = ',';
    }
  }
  response.end(`${text}${open === '[' ? '[' : ''}]`);
}

/** Sends a piece when the ones before are gone. @returns false: the client is */
async function sent(response: Response, piece: string, gone: Promise<unknown>): Promise<boolean> {
  if (!response.write(piece)) await Promise.race([once(response, 'drain'), gone]);
  else await setImmediate();
  return !response.destroyed;
}
