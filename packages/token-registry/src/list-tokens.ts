import {
  isRunAsRequester,
  type Json,
  own,
  requiresParameters,
  resolveService,
  TOKEN_DATA_KEYS,
  type TokenData,
  type TokenRecord,
} from '@waiter/core';
import type { TokenIndexEntry } from '@waiter/store';
import type { Request, Response } from 'express';
import type { TokenRouterDependencies } from './dependencies';
import { flagOf, includes, type Query, queryOf, respondJson } from './request';
import { filterByValues, type ValueFilter, valueAt } from './value-filters';

interface Row {
  readonly entry: TokenIndexEntry;
  /** Read only when something asks for it. */
  readonly token: TokenRecord | null;
}

const NO_DATA: TokenData = {};
const NOT_FILTERS = new Set(['deleted', 'maintenance', 'owner', 'previous']);

function valueFilters(query: Query): readonly ValueFilter[] {
  return [...query].flatMap(([path, values]) => {
    const key = path.split('.')[0] ?? '';
    return TOKEN_DATA_KEYS.has(key) && !NOT_FILTERS.has(key) ? [{ path, values }] : [];
  });
}

/** `parameters=a&parameters=env.B`: the wanted values, nested as they are in the token. */
function pickPaths(data: TokenData, paths: readonly string[]): Json {
  const picked: Record<string, Json> = {};
  for (const path of paths) {
    const [first = '', ...rest] = path.split('.');
    const value = TOKEN_DATA_KEYS.has(first) ? valueAt(data, path) : undefined;
    if (value === undefined) continue;
    // A path into a map is one level deep in tokens: env and metadata hold strings.
    const below = own(picked, first);
    const inside = typeof below === 'object' && below !== null && !Array.isArray(below) ? below : {};
    picked[first] = rest.length === 0 ? value : { ...inside, [rest.join('.')]: value };
  }
  return picked;
}

/** Id of the service that the token leads to now; null when that depends on who asks or with what. */
function latestServiceId({ settings }: TokenRouterDependencies, token: TokenRecord | null): string | null {
  if (token === null || token.hash === null) return null;
  const user = own(token.data, 'run-as-user');
  if (typeof user !== 'string' || isRunAsRequester(token.data) || requiresParameters(token.data)) return null;
  const headers = { 'x-waiter-token': token.name };
  try {
    const input = { headers, source: 'waiter-header', names: [token.name], tokens: [token], user } as const;
    return resolveService(input, settings).serviceId;
  } catch {
    return null;
  }
}

function shown(deps: TokenRouterDependencies, query: Query, { entry, token }: Row): Record<string, Json> {
  const { deleted, etag, lastUpdateTimeMs } = entry;
  const paths = query.get('parameters');
  const metadata = {
    deleted,
    etag,
    'last-update-time': lastUpdateTimeMs === null ? null : new Date(lastUpdateTimeMs).toISOString(),
  };
  return {
    ...(includes(query, 'metadata') ? metadata : {}),
    ...(includes(query, 'cluster') ? { cluster: own(token?.data ?? NO_DATA, 'cluster') ?? null } : {}),
    maintenance: entry.maintenance,
    owner: entry.owner,
    ...(paths === undefined ? {} : { parameters: pickPaths(token?.data ?? NO_DATA, paths) }),
    'reference-type->reference-name': {},
    ...(includes(query, 'service-id') && !deleted ? { 'service-id': latestServiceId(deps, token) } : {}),
    token: entry.token,
  };
}

/** `GET /tokens` without watch (spec: services-and-tokens 4.2). */
export async function listTokens(
  deps: TokenRouterDependencies,
  request: Request,
  response: Response,
): Promise<void> {
  const query = queryOf(request);
  const filters = valueFilters(query);
  const owners = query.get('owner');
  const manager = query.get('can-manage-as-user')?.[0];
  const needsData =
    filters.length > 0 ||
    ['parameters', 'run-as-requester', 'requires-parameters'].some((name) => query.has(name)) ||
    ['cluster', 'service-id'].some((what) => includes(query, what));

  const entries = (
    await deps.tokens.list({
      ...(owners === undefined ? {} : { owners }),
      includeDeleted: includes(query, 'deleted'),
    })
  )
    .filter(
      ({ token, owner }) => manager === undefined || deps.entitlement.canManageToken(manager, token, owner),
    )
    .filter(({ maintenance }) => !query.has('maintenance') || maintenance === flagOf(query, 'maintenance'));
  const names = entries.map(({ token }) => token);
  const read = needsData ? await deps.tokens.getMany(names, { includeDeleted: true }) : [];
  const rows = entries.map((entry, index): Row => ({ entry, token: read[index] ?? null }));
  const dataOf = ({ token }: Row): TokenData => token?.data ?? NO_DATA;

  const chosen = filterByValues(rows, filters, dataOf, false)
    .filter((row) => agrees(query, 'run-as-requester', isRunAsRequester(dataOf(row))))
    .filter((row) => agrees(query, 'requires-parameters', requiresParameters(dataOf(row))));
  respondJson(
    response,
    chosen.map((row) => shown(deps, query, row)),
  );
}

const agrees = (query: Query, flag: string, value: boolean): boolean =>
  !query.has(flag) || value === flagOf(query, flag);
