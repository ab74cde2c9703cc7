import { createHash, timingSafeEqual } from 'node:crypto';
import type { RequestHandler } from 'express';
import { WaiterError } from '@waiter/core';
import { contextOf, setContext } from '../http/context';

/**
 * Endpoints by which routers of the original spoke to each other (spec: services-and-tokens 0.2, auth level "router").
 * Ours meet in Redis; the endpoints are kept for fleets that are mixed, and for tools.
 * @param otherwise who else may call: what a request without credentials of a router goes through; by default nobody
 */
export function requirePeer(
  routerId: string,
  passwords: readonly string[],
  otherwise: readonly RequestHandler[] = [deny],
): RequestHandler {
  return (request, response, next) => {
    const credentials = basicOf(request.headers.authorization);
    if (credentials === null) return inTurn(otherwise, request, response, next);
    const { user, password } = credentials;
    if (!passwords.some((secret) => equal(password, peerPassword(user, routerId, secret)))) deny();
    const principal = `${user}@waiter-peer-router`;
    setContext(request, { ...contextOf(request), identity: { method: 'internal', principal, user } });
    next();
  };
}

function deny(): never {
  throw new WaiterError('access denied', {
    status: 401,
    headers: { 'www-authenticate': 'Basic realm="restricted area"' },
  });
}

/** Handlers one after the other, as express runs them. */
function inTurn(
  handlers: readonly RequestHandler[],
  ...[request, response, next]: Parameters<RequestHandler>
): void {
  const [first, ...rest] = handlers;
  if (first === undefined) return next();
  const after = (error?: unknown): void =>
    error === undefined ? inTurn(rest, request, response, next) : next(error);
  try {
    Promise.resolve(first(request, response, after)).catch(next);
  } catch (error) {
    next(error);
  }
}

/** Spec: request-path 9.11. */
export function peerPassword(caller: string, callee: string, secret: string): string {
  return createHash('md5').update(`${caller}:${callee}:${secret}`).digest('hex');
}

function basicOf(authorization: string | undefined): { user: string; password: string } | null {
  const encoded = /^Basic\s+(\S+)$/i.exec(authorization ?? '')?.[1];
  if (encoded === undefined) return null;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const mark = text.indexOf(':');
  return mark < 0
    ? { user: text, password: '' }
    : { user: text.slice(0, mark), password: text.slice(mark + 1) };
}

function equal(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
