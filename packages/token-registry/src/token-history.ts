import {
  isMap,
  type Json,
  own,
  type ResolvedService,
  resolveService,
  tokenHash,
  type TokenRecord,
  WaiterError,
} from '@waiter/core';
import type { Request, Response } from 'express';
import type { TokenRouterDependencies } from './dependencies';
import { queryOf, respondJson } from './request';
import { isTime } from './token-view';

const DEFAULT_LENGTH = 10;

/** @throws WaiterError 400 */
function lengthOf(values: readonly string[] | undefined): number {
  if (values === undefined) return DEFAULT_LENGTH;
  const [text = ''] = values;
  if (values.length > 1 || !/^\+?\d{1,15}$/.test(text)) {
    throw new WaiterError('length query parameter must be an integer', {
      status: 400,
      details: { length: text },
    });
  }
  return Number(text);
}

/** The token as it was at each of its versions, newest first; those in which it was deleted are left out. */
function* versionsOf({ name, data }: TokenRecord): Generator<TokenRecord> {
  for (let at: Json | undefined = { ...data }; isMap(at); at = own<Json>(at, 'previous')) {
    const hash = tokenHash(at);
    if (hash !== null && Object.keys(at).length > 0) yield { name, data: at, hash };
  }
}

function entryOf({ core, serviceId }: ResolvedService, { data }: TokenRecord): Record<string, Json> {
  const time = own(data, 'last-update-time');
  return {
    'service-description': { ...core },
    'service-id': serviceId,
    'source-component': 'token',
    'update-time': isTime(time) ? new Date(time).toISOString() : null,
  };
}

/**
 * `GET /token-history` (spec: services-and-tokens 4.5): the services that the token led to, newest first, as the caller
 * would have got them. Versions that made no service are left out, except the present one, whose fault is the answer.
 */
export async function tokenHistory(
  { tokens, settings }: TokenRouterDependencies,
  user: string,
  request: Request,
  response: Response,
): Promise<void> {
  const query = queryOf(request);
  const length = lengthOf(query.get('length'));
  const [name = ''] = query.get('token') ?? [];
  const token = await tokens.get(name);
  if (token === null) {
    throw new WaiterError(`Token not found: ${name}`, { status: 404, details: { token: name } });
  }
  const resolve = (version: TokenRecord): ResolvedService =>
    resolveService(
      {
        headers: { 'x-waiter-token': name },
        source: 'waiter-header',
        names: [name],
        tokens: [version],
        user,
      },
      settings,
    );
  const entries: Json[] = [];
  for (const version of versionsOf(token)) {
    if (entries.length >= Math.max(length, 1)) break;
    try {
      entries.push(entryOf(resolve(version), version));
    } catch (error) {
      if (entries.length === 0) throw error;
    }
  }
  respondJson(response, entries.slice(0, length));
}
