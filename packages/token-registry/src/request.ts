import { type HeaderMap, hostWithoutPort, isFilled, type Json, parseJson, WaiterError } from '@waiter/core';
import express, { type Request, type RequestHandler, type Response } from 'express';
import type { TokenRouterDependencies } from './dependencies';
import { requireExactNumbers } from './exact-numbers';

/** Query parameters by name, each with all its values (spec: services-and-tokens 0.7). */
export type Query = ReadonlyMap<string, readonly string[]>;

export function queryOf(request: Request): Query {
  const query = new Map<string, string[]>();
  const start = request.url.indexOf('?');
  for (const [name, value] of new URLSearchParams(start < 0 ? '' : request.url.slice(start + 1))) {
    query.set(name, [...(query.get(name) ?? []), value]);
  }
  return query;
}

/** True only for the one value `true`, in any case. */
export function flagOf(query: Query, name: string): boolean {
  const values = query.get(name) ?? [];
  return values.length === 1 && values[0]?.toLowerCase() === 'true';
}

export const includes = (query: Query, what: string): boolean => (query.get('include') ?? []).includes(what);

export function headersOf(request: Request): HeaderMap {
  const headers: [string, string][] = [];
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers.push([name, Array.isArray(value) ? value.join(',') : value]);
  }
  return Object.fromEntries(headers);
}

/** The token that `x-waiter-token`, else a host that is none of ours, names; literally, without splitting. */
export function tokenByHeader(request: Request, hostnames: readonly string[]): string | undefined {
  const header = headersOf(request)['x-waiter-token'];
  if (isFilled(header)) return header;
  const host = hostOf(request);
  return host === '' || hostnames.includes(host.toLowerCase()) ? undefined : host;
}

export const hostOf = (request: Request): string => hostWithoutPort(request.headers.host ?? '');

/** Cluster of a token that states none (spec: services-and-tokens 5.6). */
export function clusterOf(
  deps: Pick<TokenRouterDependencies, 'clusterOf' | 'settings'>,
  request: Request,
): string {
  return deps.clusterOf?.(hostOf(request)) ?? deps.settings.clusterName;
}

const readBytes = express.raw({ type: () => true, limit: '2mb' });

/** Reads the body of any content type into `request.body`. */
export const readBody: RequestHandler = (request, response, next) => {
  readBytes(request, response, (error?: unknown) => {
    if (error === undefined || error === null) return next();
    const tooLarge = typeof error === 'object' && 'status' in error && error.status === 413;
    next(
      tooLarge
        ? new WaiterError('Request body is larger than 2 MB', { status: 413, cause: error })
        : new WaiterError('Invalid JSON payload', { status: 400, cause: error }),
    );
  });
};

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @throws WaiterError 400 unless the body is JSON, in UTF-8, whose numbers can be kept as they are */
export function jsonBody(request: Request): Json {
  const body: unknown = request.body;
  const text = Buffer.isBuffer(body) ? decoded(body) : undefined;
  const parsed = text === undefined ? undefined : parseJson(text);
  if (text === undefined || parsed === undefined) {
    throw new WaiterError('Invalid JSON payload', { status: 400 });
  }
  requireExactNumbers(text);
  return parsed;
}

function decoded(bytes: Buffer): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Answers without express's `json`, which would add a charset, an ETag of its own and 304 answers. */
export function respondJson(response: Response, body: Json): void {
  const text = Buffer.from(JSON.stringify(body));
  response.setHeader('content-type', 'application/json');
  response.setHeader('content-length', text.length);
  response.end(text);
}
