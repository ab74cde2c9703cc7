import {
  builtInSettings,
  DEFAULT_ASYNC_RULES,
  DEFAULT_CORS,
  DEFAULT_SUPPORT_INFO,
  DEFAULT_TIMEOUTS,
  type CorsSettings,
  type AsyncRules,
  type DescriptionSettings,
  type RequestTimeouts,
  type SupportInfo,
} from '@waiter/core';
import type { CertificateFiles } from './accept/tls/certificate';

import { DEFAULT_RULES, type ReservationRules } from './reserve';

/** Times of a router, in milliseconds (spec: request-path 4). */
export interface RouterTimeouts extends RequestTimeouts {
  /** TCP connect to an instance. */
  readonly connectTimeoutMs: number;
  /** A client connection without a request is closed after so long. */
  readonly clientIdleTimeoutMs: number;
  /** A client has so long to send a whole request head. */
  readonly requestHeadTimeoutMs: number;
  /** An idle connection to an instance is kept for so long; less where the instance states less. */
  readonly instanceIdleTimeoutMs: number;
  /** After the order to stop: time for requests in flight. */
  readonly drainTimeoutMs: number;
}

/** What holds for WebSockets only (spec: request-path 0.1, 5.7). */
export interface WebSocketLimits {
  /** Silence of both sides; the socket timeout of the request where that is shorter. */
  readonly idleTimeoutMs: number;
  /** A connection is closed when it is this old: who may open one may not stay for ever. */
  readonly maxAgeMs: number;
  /** Longest message in either direction, in bytes as they are sent: compressed where the two ends agreed on that. */
  readonly maxMessageBytes: number;
}

export interface RouterLimits {
  /** Longest request head. */
  readonly requestHeadBytes: number;
  /** Most header lines of a request. */
  readonly requestHeaderCount: number;
  /** Longest request body; 0: any. */
  readonly requestBodyBytes: number;
  /** Requests that one connection may make in a second; 0: any number. */
  readonly requestsPerSecond: number;
  /** Open connections of clients, of one worker. */
  readonly connections: number;
  /** Longest response head of an instance. */
  readonly responseHeadBytes: number;
  /** So much of an unread request body is read before an error is sent (spec: request-path 5.3). */
  readonly drainBytes: number;
  readonly drainMs: number;
  /** Entries of the caches of tokens and of resolved services. */
  readonly cacheEntries: number;
}

/** The port for TLS. */
export interface TlsOptions {
  /** 0 takes a free one. */
  readonly port: number;
  /** By SNI; the first is for clients that name no host, too, or one that no certificate is for. */
  readonly certificates: readonly CertificateFiles[];
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  /** How often the files are looked at. */
  readonly reloadMs: number;
}

/** Everything a router worker must be told. Plain data: the control process sends it to its workers. */
export interface RouterOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Unique in the fleet and never used again; a worker's id is `<router id>/<n>`. */
  readonly routerId: string;
  /** Shown in `server` and `via` as `waiter/<first seven characters>`. */
  readonly version: string;
  readonly redis: { readonly url: string; readonly cluster: string };
  /** `hostnames` in it are this router's own names, which are no tokens. */
  readonly descriptions: DescriptionSettings;
  /** The first makes the passwords of services. */
  readonly passwords: readonly string[];
  /** Whom every request acts as (spec: request-path 9.2). */
  readonly user: string;
  /** Which pages of other origins may call. */
  readonly cors: CorsSettings;
  /** Whom users can turn to, as errors say it. */
  readonly supportInfo: readonly SupportInfo[];
  /** Base URL of the images of errors; null: errors have none. */
  readonly imagesUrl: string | null;
  /** So long a user's consent to run services as himself holds. */
  readonly consentMs: number;
  readonly timeouts: RouterTimeouts;
  readonly limits: RouterLimits;
  readonly webSockets: WebSocketLimits;
  readonly asyncRequests: AsyncRules;
  /** When instances are left out, when slots go back, and how masses of refusals are slowed down. */
  readonly reservation: ReservationRules;
  /** Whether a request of which nothing was sent may take another instance. */
  readonly retryOnConnectFailure: boolean;
  /** Whether responses carry `Server-Timing`. */
  readonly serverTiming: boolean;
  /**
   * Which ways of reading and writing bytes are used beside the general one; default: all. `readBuffers`: the http1 lane reads
   * into buffers that are used again, where node allows it.
   */
  readonly lanes?: { readonly http1: boolean; readonly http2?: boolean; readonly readBuffers?: boolean };
  /** Streams that one connection of HTTP/2 may have open; default 250. */
  readonly maxConcurrentStreams?: number;
  /** A second port, for clients that speak TLS; default: none. */
  readonly tls?: TlsOptions;
  /** Whether instances with TLS must prove who they are, and to whom (PEM); default: they need not (spec: 5.5). */
  readonly backendTls?: { readonly verify: boolean; readonly ca?: string };
  /** Where API requests go; null: no API is served here. */
  readonly apiSocketPath: string | null;
  /** One JSON line per request (spec: request-path 11); null: none. */
  readonly requestLog: { readonly file: string } | null;
}

export const DEFAULT_ROUTER_TIMEOUTS: RouterTimeouts = {
  ...DEFAULT_TIMEOUTS,
  connectTimeoutMs: 5_000,
  clientIdleTimeoutMs: 200_000,
  requestHeadTimeoutMs: 60_000,
  instanceIdleTimeoutMs: 4_000,
  drainTimeoutMs: 30_000,
};

export const DEFAULT_ROUTER_LIMITS: RouterLimits = {
  requestHeadBytes: 32_768,
  requestHeaderCount: 250,
  requestBodyBytes: 0,
  requestsPerSecond: 0,
  connections: 20_000,
  responseHeadBytes: 65_536,
  drainBytes: 1_048_576,
  drainMs: 1_000,
  cacheEntries: 10_000,
};

export const DEFAULT_WEBSOCKET_LIMITS: WebSocketLimits = {
  idleTimeoutMs: 500_000,
  maxAgeMs: 86_400_000,
  maxMessageBytes: 41_943_040,
};

type Needed = Pick<RouterOptions, 'routerId' | 'redis' | 'user'>;

/** Options with the built-in defaults where nothing else is said. */
export function routerOptions(given: Needed & Partial<RouterOptions>): RouterOptions {
  return {
    host: '0.0.0.0',
    port: 9091,
    version: '0.1.0',
    descriptions: builtInSettings(given.redis.cluster),
    passwords: ['open-sesame'],
    cors: DEFAULT_CORS,
    supportInfo: DEFAULT_SUPPORT_INFO,
    imagesUrl: null,
    consentMs: 90 * 86_400_000,
    timeouts: DEFAULT_ROUTER_TIMEOUTS,
    limits: DEFAULT_ROUTER_LIMITS,
    webSockets: DEFAULT_WEBSOCKET_LIMITS,
    asyncRequests: DEFAULT_ASYNC_RULES,
    retryOnConnectFailure: true,
    serverTiming: false,
    reservation: DEFAULT_RULES,
    apiSocketPath: null,
    requestLog: null,
    ...given,
  };
}

/** How this router names itself: `waiter/<version>`. */
export function productName(version: string): string {
  return `waiter/${version.slice(0, 7)}`;
}
