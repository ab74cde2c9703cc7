import type { Request } from 'express';
import type { Json } from '@waiter/core';
import type { ApiDeps } from '../deps';
import { headerOf, pathOf, queryString, schemeOf, uniqueId } from '../http/context';
import type { RequestContext } from '../http/context';
import { includes } from '../http/query';
import type { Route } from '../http/route';
import type { DrainMode } from '../services/drain-mode';

/** `/status`: what load balancers ask (spec: services-and-tokens 4.15). */
export function statusRoutes(
  { isDraining, routerId }: Pick<ApiDeps, 'isDraining' | 'routerId'>,
  drain: DrainMode,
): Route[] {
  return [
    {
      path: '/status',
      auth: 'none',
      methods: {
        any: async (request, context) => {
          // Trailers are known only when the body was read.
          await readToEnd(request);
          const draining = isDraining() || drain.active;
          return {
            status: draining ? 503 : 200,
            json: {
              ...(draining ? { message: 'Router is in drain mode.' } : { status: 'ok' }),
              ...(includes(request, 'request-info')
                ? { 'request-info': requestInfo(request, context, routerId) }
                : {}),
              ...(includes(request, 'server-info')
                ? { 'server-info': { 'node-version': process.version } }
                : {}),
            },
          };
        },
      },
    },
  ];
}

async function readToEnd(request: Request): Promise<void> {
  for await (const _ of request) void _;
}

const SHOWN = 80;
/** By which a worker tells how its client speaks, where that is not HTTP/1.1. */
const INTERNAL_PROTOCOL = 'x-waiter-internal-protocol';

function requestInfo(request: Request, { timeMs }: RequestContext, routerId: string): Record<string, Json> {
  const scheme = schemeOf(request);
  const contentType = headerOf(request, 'content-type');
  const charset = contentType === undefined ? undefined : /charset=([^;\s]+)/i.exec(contentType)?.[1];
  const forwarded = headerOf(request, 'x-forwarded-proto-version')?.toUpperCase();
  const protocol = headerOf(request, INTERNAL_PROTOCOL) ?? `HTTP/${request.httpVersion}`;
  const known: Record<string, Json | undefined> = {
    'character-encoding': charset,
    'client-protocol': forwarded === undefined ? protocol : forwarded.replace(/^HTTP\/([12])$/, 'HTTP/$1.0'),
    'content-length': numberOf(headerOf(request, 'content-length')),
    'content-type': contentType,
    headers: shownHeaders(request),
    'internal-protocol': protocol,
    'query-string': queryString(request) ?? undefined,
    'request-id': `${uniqueId()}-${scheme}`,
    'request-method': request.method.toLowerCase(),
    'request-time': new Date(timeMs).toISOString(),
    'router-id': routerId,
    scheme,
    uri: pathOf(request),
    trailers: Object.keys(request.trailers).length === 0 ? undefined : { ...strings(request.trailers) },
  };
  return Object.fromEntries(
    Object.entries(known).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}

function shownHeaders(request: Request): Record<string, string> {
  return Object.fromEntries(
    Object.entries(strings(request.headers))
      .filter(([name]) => name !== INTERNAL_PROTOCOL)
      .map(([name, value]) => [
        name,
        name === 'x-waiter-token' || value.length <= SHOWN ? value : `${value.slice(0, SHOWN)}...`,
      ]),
  );
}

function strings(headers: NodeJS.Dict<string | string[]>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, Array.isArray(value) ? value.join(',') : value]],
    ),
  );
}
