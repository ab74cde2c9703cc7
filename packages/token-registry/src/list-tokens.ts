import type { TokenStore } from '@waiter/store';
import type { Request, Response } from 'express';
import type { TokenRouterDependencies } from './dependencies';
import { queryOf, respondJson } from './request';
import { type Row, Selection } from './selection';

/** The tokens that are selected, as they are now. @throws WaiterError 400 when a filter takes too long */
export async function readRows(tokens: TokenStore, selection: Selection): Promise<readonly Row[]> {
  const { owners, includeDeleted, needsData } = selection;
  const listed = await tokens.list({ ...(owners === undefined ? {} : { owners }), includeDeleted });
  const entries = listed.filter((entry) => selection.passesByEntry(entry));
  const names = entries.map(({ token }) => token);
  const read = needsData ? await tokens.getMany(names, { includeDeleted: true }) : [];
  return selection.choose(entries.map((entry, index): Row => ({ entry, token: read[index] ?? null })));
}

/** `GET /tokens` without watch (spec: services-and-tokens 4.2). */
export async function listTokens(
  deps: TokenRouterDependencies,
  request: Request,
  response: Response,
): Promise<void> {
  const selection = new Selection(deps, queryOf(request));
  const rows = await readRows(deps.tokens, selection);
  respondJson(
    response,
    rows.map((row) => selection.view(row)),
  );
}
