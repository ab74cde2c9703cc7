import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HeaderMap, RequestTimeouts, ResolvedService } from '@waiter/core';
import type { AsyncRequest } from '@waiter/store';
import type { Slot } from '../reserve';
import { newUniqueId } from './unique-id';

const lowerCased = new Map<string, string>();
const MAX_NAMES = 2_000;

/** Lower-case form of a header name; the common ones are remembered, which also makes them cheap as keys. */
export function lowerCaseName(name: string): string {
  const known = lowerCased.get(name);
  if (known !== undefined) return known;
  const lower = name.toLowerCase();
  if (lowerCased.size < MAX_NAMES && name.length <= 40) lowerCased.set(name, lower);
  return lower;
}

/** Header lines as one map: lower-case names, repeated ones folded with `,` (cookies with `; `). */
export function foldHeaders(raw: readonly string[]): Record<string, string> {
  // No prototype: a header may be called __proto__.
  const folded = Object.create(null) as Record<string, string>;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = lowerCaseName(raw[i] ?? '');
    const value = raw[i + 1] ?? '';
    const before = folded[name];
    folded[name] = before === undefined ? value : `${before}${name === 'cookie' ? '; ' : ','}${value}`;
  }
  return folded;
}

/** What a request head is read from: a message of node, or what the http1 lane has scanned. */
export interface HeadSource {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  /** `1.1` */
  readonly httpVersion: string;
  readonly rawHeaders: readonly string[];
  readonly socket: {
    readonly remoteAddress?: string | undefined;
    readonly localPort?: number | undefined;
    /** Of TLS. */
    readonly encrypted?: boolean;
  };
}

const ABSOLUTE_FORM = /^https?:\/\/[^/?#]*/i;

/** What the request line and the headers say; the same for requests and upgrades, in every lane. */
export class RequestHead<Source extends HeadSource = HeadSource> {
  /** As they arrived: the message's own headers become those that are sent on. */
  readonly headers: HeaderMap;
  readonly method: string;
  /**
   * Request target for the instance, byte for byte; an absolute form is cut to its path (see head-check), and a parameter
   * that is meant for the router is taken off.
   */
  target: string;
  readonly path: string;
  /** Without the `?`; null when there is none. */
  readonly queryString: string | null;
  readonly cid: string;
  readonly requestId: string;
  readonly debug: boolean;
  /** Lower-case; `x-forwarded-proto` wins over the socket (spec: request-path 1.3). */
  readonly scheme: string;
  readonly clientProtocol: string;
  readonly internalProtocol: string;
  /** Epoch milliseconds. */
  readonly arrivedAtMs = Date.now();
  /** Monotonic milliseconds. */
  readonly startedAt = performance.now();

  constructor(
    readonly message: Source,
    /** The request opens a WebSocket (spec: request-path 0.3, 1.3). */
    readonly isWebSocket = false,
  ) {
    const headers = foldHeaders(message.rawHeaders);
    this.headers = headers;
    this.method = message.method ?? 'GET';
    const url = message.url ?? '/';
    const target = url.startsWith('/') ? url : url.replace(ABSOLUTE_FORM, '');
    this.target = target === '' || target.startsWith('?') ? `/${target}` : target;
    const mark = this.target.indexOf('?');
    this.path = mark < 0 ? this.target : this.target.slice(0, mark);
    this.queryString = mark < 0 ? null : this.target.slice(mark + 1);
    this.scheme = schemeOf(headers, message.socket);
    const unique = newUniqueId();
    if (isWebSocket) this.scheme = this.scheme.replace(/^http/, 'ws');
    this.requestId = isWebSocket ? `ws-${unique}` : `${unique}-${this.scheme}`;
    this.cid = headers['x-cid'] || unique;
    this.debug = headers['x-waiter-debug'] !== undefined;
    this.internalProtocol = `HTTP/${message.httpVersion}`;
    this.clientProtocol = isWebSocket
      ? webSocketProtocol(headers['sec-websocket-version'], this.scheme)
      : clientProtocolOf(headers, this.internalProtocol);
  }

  get host(): string | null {
    return this.headers['host'] ?? null;
  }
}

function webSocketProtocol(version: string | undefined, scheme: string): string {
  return version === undefined ? scheme.toUpperCase() : `WS/${version}`;
}

/** Lower-case; `x-forwarded-proto` wins over the socket (spec: request-path 1.3). */
export function schemeOf(headers: HeaderMap, { encrypted }: HeadSource['socket']): string {
  return headers['x-forwarded-proto']?.toLowerCase() ?? (encrypted === true ? 'https' : 'http');
}

/** What the client speaks, as far as a proxy before us tells (spec: request-path 1.3). @param internal what we hear */
export function clientProtocolOf(headers: HeaderMap, internal: string): string {
  const value = headers['x-forwarded-proto-version'];
  if (value === undefined || value === '') return internal;
  const upper = value.toUpperCase();
  if (upper === 'HTTP/1') return 'HTTP/1.0';
  return upper === 'HTTP/2' ? 'HTTP/2.0' : upper;
}

/** What becomes known of a request on its way; debug headers, request log, metrics and error pages read it. */
export interface RequestFacts {
  /** Name before `@`; null: not authenticated. */
  principal: string | null;
  authenticationMethod: string | null;
  token: string | null;
  tokenOwner: string | null;
  /** The one that serves: with a fallback, of an earlier version of the token. */
  service: ResolvedService | null;
  latestServiceId: string | null;
  timeouts: RequestTimeouts | null;
  /** Longest request body in bytes; 0: any. */
  bodyLimit: number;
  slot: Slot | null;
  /** From the request's being sent to the instance to its response head or failure, milliseconds. */
  backendResponseMs: number | null;
  errorClass: string | null;
  /** It is for Waiter itself. */
  forApi: boolean;
  /** What a page of another origin is told with the response; null: the request has no `Origin`. */
  corsHeaders: Readonly<Record<string, string>> | null;
  /** `Set-Cookie` lines for a client that has just been authenticated. */
  newCookies: readonly string[] | null;
  /** The instance goes on with it after its response. */
  accepted: AsyncRequest | null;
  /** What the instance is asked for in place of the request's own target. */
  target: string | null;
  /** Value of the response's `location` in place of the instance's, null: as it is; by status and headers. */
  relocate: ((status: number, raw: readonly string[]) => string | null) | null;
}

export function newFacts(): RequestFacts {
  return {
    principal: null,
    authenticationMethod: null,
    token: null,
    tokenOwner: null,
    service: null,
    latestServiceId: null,
    timeouts: null,
    bodyLimit: 0,
    slot: null,
    backendResponseMs: null,
    errorClass: null,
    forApi: false,
    corsHeaders: null,
    newCookies: null,
    accepted: null,
    target: null,
    relocate: null,
  };
}

/** One request and its response on the way through the router. */
export class Exchange {
  readonly facts: RequestFacts = newFacts();
  /** The client waits for `100 Continue` before it sends the body. */
  awaitsContinue = false;

  constructor(
    readonly head: RequestHead<IncomingMessage>,
    readonly request: IncomingMessage,
    readonly response: ServerResponse,
  ) {}

  /** The client's connection is gone, or everything was sent. */
  get over(): boolean {
    return this.response.destroyed || this.response.writableFinished;
  }

  get gone(): boolean {
    return this.response.destroyed;
  }

  /** Breaks the connection off. */
  giveUp(): void {
    this.response.destroy();
  }

  /** Calls `listener` when the client hangs up before its response is complete. */
  onAbort(listener: () => void): void {
    const { response } = this;
    if (response.destroyed) listener();
    else response.once('close', () => !response.writableFinished && listener());
  }
}
