import {
  serviceEntryId,
  SERVICE_KEYS,
  type TokenRecord,
  USER_METADATA_KEYS,
  WaiterError,
} from '@waiter/core';
import type { Request, Response } from 'express';
import type { TokenRouterDependencies } from './dependencies';
import { clusterOf, includes, queryOf, respondJson, tokenByHeader } from './request';
import { metadataView, plainView } from './token-view';

async function load(
  { tokens, loadServiceEntry }: TokenRouterDependencies,
  name: string,
  includeDeleted: boolean,
): Promise<TokenRecord | null> {
  if (serviceEntryId(name) !== null) return (await loadServiceEntry?.(name)) ?? null;
  return tokens.get(name, { includeDeleted });
}

/** `GET /token` (spec: services-and-tokens 4.1.1). */
export async function getToken(
  deps: TokenRouterDependencies,
  request: Request,
  response: Response,
): Promise<void> {
  const query = queryOf(request);
  const name = (query.get('token')?.[0] ?? '') || (tokenByHeader(request, deps.settings.hostnames) ?? '');
  const token = await load(deps, name, includes(query, 'deleted'));
  const hasContent = Object.keys(token?.data ?? {}).some(
    (key) => SERVICE_KEYS.has(key) || USER_METADATA_KEYS.has(key),
  );
  if (token === null || !hasContent) {
    throw new WaiterError(`Couldn't find token ${name}`, { status: 404, details: { token: name } });
  }
  if (token.hash !== null) response.setHeader('etag', token.hash);
  const { data } = token;
  respondJson(
    response,
    includes(query, 'metadata')
      ? metadataView(data, deps.settings, clusterOf(deps, request))
      : plainView(data),
  );
}
