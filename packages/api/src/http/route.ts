import type { Request, RequestHandler, Response } from 'express';
import { WaiterError } from '@waiter/core';
import type { Json } from '@waiter/core';
import { contextOf } from './context';
import type { RequestContext } from './context';
import type { Identity } from '@waiter/core';

/** What a handler answers. Status 200 unless said otherwise. */
export interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** `Set-Cookie` lines. */
  readonly cookies?: readonly string[];
  /** Sent as `application/json`, without a charset (spec: services-and-tokens 0.6). */
  readonly json?: Json | object;
  /** Sent as it is; its type goes into `headers`. */
  readonly body?: string | Buffer;
  /** Writes the body itself and ends it, after the head has been set. */
  readonly stream?: (response: Response) => void;
}

export type Handler = (request: Request, context: RequestContext) => Reply | Promise<Reply>;
export type UserHandler = (
  request: Request,
  context: RequestContext & { readonly identity: Identity },
) => Reply | Promise<Reply>;

type Methods<H> = Readonly<Partial<Record<'GET' | 'POST' | 'PUT' | 'DELETE' | 'any', H>>>;

/** One path. All but `none` run after authentication (spec: services-and-tokens 0.2); a `peer` is another router. */
export type Route = {
  readonly path: string;
  /** Pages of other origins may never call this, whatever the configuration says: the handler refuses them itself. */
  readonly ownOrigin?: true;
} & (
  | { readonly auth: 'none'; readonly methods: Methods<Handler> }
  | { readonly auth: 'user' | 'peer' | 'peer or user'; readonly methods: Methods<UserHandler> }
);

/** Runs the handler of the request's method, or says which methods there are. */
export function dispatch(route: Route): RequestHandler {
  return async (request, response) => {
    const context = contextOf(request);
    send(response, await answer(route, request, context));
  };
}

function answer(route: Route, request: Request, context: RequestContext): Reply | Promise<Reply> {
  if (route.auth === 'none') {
    return handlerFor(route.methods, request.method)(request, context);
  }
  const { identity } = context;
  if (identity === null) throw new Error(`${route.path} was reached without authentication`);
  return handlerFor(route.methods, request.method)(request, { ...context, identity });
}

function handlerFor<H>(methods: Methods<H>, method: string): H {
  const known: Readonly<Record<string, H | undefined>> = methods;
  const handler = (Object.hasOwn(known, method) ? known[method] : undefined) ?? known['any'];
  if (handler !== undefined) return handler;
  const names = Object.keys(methods);
  const [only] = names;
  const message = names.length === 1 ? `Only ${only} supported` : 'Unsupported request method';
  throw new WaiterError(message, { status: 405, headers: { allow: names.join(', ') } });
}

export function send(
  response: Response,
  { status = 200, headers = {}, cookies, json, body, stream }: Reply,
): void {
  response.statusCode = status;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  if (cookies !== undefined) response.append('set-cookie', [...cookies]);
  if (stream !== undefined) {
    stream(response);
    return;
  }
  if (json === undefined) {
    response.end(body);
    return;
  }
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(json, finite));
}

/** JSON has no NaN and no infinities: they go out as text. */
function finite(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}
