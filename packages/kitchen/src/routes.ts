import { Readable } from 'node:stream';
import { json, type Answer } from './answer';
import type { AsyncRequests } from './async-requests';
import type { DefaultStatus } from './default-status';
import { wholeNumber, type Exchange } from './exchange';
import { lorem } from './lorem';
import { requestInfo } from './request-info';

const DEFAULT_SIZE = 50 * 1024 * 1024;
const GIBIBYTE = 1024 * 1024 * 1024;

/** What the routes share. */
export interface Kitchen {
  readonly asyncRequests: AsyncRequests;
  readonly defaultStatus: DefaultStatus;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Greets the authenticated user by name. */
  readonly greetsUser: boolean;
  state(): Record<string, number>;
  exit(code: number): void;
}

export type Route = (kitchen: Kitchen, exchange: Exchange) => Answer | Promise<Answer>;

const ROUTES: Readonly<Record<string, Route>> = {
  '/async/request': ({ asyncRequests }, exchange) => asyncRequests.accept(exchange),
  '/async/status': ({ asyncRequests }, exchange) => asyncRequests.status(exchange),
  '/async/result': ({ asyncRequests }, exchange) => asyncRequests.result(exchange),
  '/bad-status': (kitchen, exchange) => greeting(kitchen, exchange, status(exchange, 500)),
  '/sleep': sleep,
  '/chunked': (_kitchen, exchange) => ({
    status: 200,
    body: loremBody(exchange, DEFAULT_SIZE),
    chunked: true,
  }),
  '/unchunked': (_kitchen, exchange) => ({
    status: 200,
    body: loremBody(exchange, DEFAULT_SIZE),
    chunked: false,
  }),
  '/gzip': gzip,
  '/environment': ({ env }) =>
    json(Object.fromEntries(Object.entries(env).filter(([name]) => !/password/i.test(name)))),
  '/kitchen-state': (kitchen) => json(kitchen.state()),
  '/request-info': (_kitchen, exchange) => json(requestInfo(exchange)),
  '/die': (kitchen) => {
    kitchen.exit(1);
    return { status: 500, body: 'dying' };
  },
  '/oom-instability': exhaustMemory,
};

export function routeOf(path: string): Route {
  return (Object.hasOwn(ROUTES, path) ? ROUTES[path] : undefined) ?? greet;
}

function greet(kitchen: Kitchen, exchange: Exchange): Answer {
  const size = exchange.number('response-size');
  const answer = greeting(kitchen, exchange, kitchen.defaultStatus.get());
  return size === undefined ? answer : { ...answer, body: loremBody(exchange, size) };
}

function greeting({ greetsUser }: Kitchen, exchange: Exchange, code: number): Answer {
  const user = greetsUser ? exchange.header('x-waiter-auth-principal') : undefined;
  return { status: code, body: `Hello ${user ?? 'World'}` };
}

async function sleep(_kitchen: Kitchen, exchange: Exchange): Promise<Answer> {
  const ms = wholeNumber(exchange.query('sleep-ms')) ?? 0;
  await exchange.pause(ms);
  return { status: status(exchange, 200), body: `Slept for ${ms} ms` };
}

async function gzip(_kitchen: Kitchen, exchange: Exchange): Promise<Answer> {
  const { createGzip } = await import('node:zlib');
  const { pieces } = loremBody(exchange, DEFAULT_SIZE);
  const packed = Readable.from(pieces).pipe(createGzip());
  const headers = { 'content-encoding': 'gzip' };
  if (exchange.chunked || exchange.flag('chunked')) {
    return { status: 200, headers, body: { length: undefined, pieces: packed }, chunked: true };
  }
  return { status: 200, headers, body: await collect(packed) };
}

async function collect(stream: Readable): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of stream as AsyncIterable<Buffer>) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** Touches every page of what it takes, so that a memory limit notices. `?mebibytes` and `?sleep-ms` make it smaller. */
async function exhaustMemory(_kitchen: Kitchen, exchange: Exchange): Promise<Answer> {
  const mebibytes = wholeNumber(exchange.query('mebibytes'));
  const memory = Buffer.alloc(mebibytes === undefined ? GIBIBYTE : mebibytes * 1024 * 1024, 1);
  await exchange.pause(wholeNumber(exchange.query('sleep-ms')) ?? 30_000);
  return { status: 200, body: `Held ${memory.length} bytes` };
}

function loremBody(exchange: Exchange, otherwise: number): { length: number; pieces: Iterable<Buffer> } {
  const length = exchange.number('response-size') ?? otherwise;
  return { length, pieces: lorem(length) };
}

function status(exchange: Exchange, otherwise: number): number {
  const asked = wholeNumber(exchange.query('status'));
  return asked !== undefined && asked >= 200 && asked <= 999 ? asked : otherwise;
}
