import { randomBytes } from 'node:crypto';
import type { Request, Response } from 'express';
import type { Identity } from '@waiter/core';

/** What is known of a request beside its text. */
export interface RequestContext {
  /** Correlation id: the client's `x-cid`, else a fresh one. */
  readonly cid: string;
  /** Arrival, epoch ms. */
  readonly timeMs: number;
  /** Set by routes that need a user. */
  readonly identity: Identity | null;
}

const contexts = new WeakMap<Request, RequestContext>();

export function setContext(request: Request, context: RequestContext): void {
  contexts.set(request, context);
}

/** @throws Error when the request did not pass the first middleware: a fault of the wiring */
export function contextOf(request: Request): RequestContext {
  const context = contexts.get(request);
  if (context === undefined) throw new Error('a request without context');
  return context;
}

/** `<monotonic time, base 16>-<random, base 16>` (spec: request-path 0.3). */
export function uniqueId(): string {
  return `${process.hrtime.bigint().toString(16)}-${randomBytes(8).toString('hex')}`;
}

/** Every response carries these, errors included (spec: services-and-tokens 0.6). */
export function setCommonHeaders(response: Response, cid: string, version: string): void {
  response.setHeader('x-cid', cid);
  response.setHeader('server', `waiter/${version.slice(0, 7)}`);
}

/** Text of a header; undefined when absent or blank. Repeated ones are joined by node already. */
export function headerOf(request: Request, name: string): string | undefined {
  const value = request.headers[name];
  const text = Array.isArray(value) ? value.join(',') : value;
  return text === undefined || text.trim() === '' ? undefined : text;
}

/** The query as it was sent, without the question mark; null when there is none. */
export function queryString(request: Request): string | null {
  const mark = request.originalUrl.indexOf('?');
  return mark < 0 ? null : request.originalUrl.slice(mark + 1);
}

/** What the client used to come here, as far as a front tells (spec: request-path 1.3). */
export function schemeOf(request: Request): string {
  const forwarded = headerOf(request, 'x-forwarded-proto');
  return forwarded === undefined ? 'http' : forwarded.toLowerCase();
}

/** Without the query. */
export function pathOf(request: Request): string {
  return request.originalUrl.split('?', 1)[0] ?? '/';
}
