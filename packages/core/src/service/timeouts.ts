import type { Json } from '../words';
import { own } from '../json';
import { isGrpc } from '../render/grpc';
import type { HeaderMap } from './headers';

export interface RequestTimeouts {
  /** Wait for an instance. */
  readonly queueTimeoutMs: number;
  /** Silence on the exchange with the instance. */
  readonly socketTimeoutMs: number;
  /** Stall of a streaming body. */
  readonly streamingTimeoutMs: number;
}

export const DEFAULT_TIMEOUTS: RequestTimeouts = {
  queueTimeoutMs: 300_000,
  socketTimeoutMs: 900_000,
  streamingTimeoutMs: 20_000,
};

const MAX_MS = 3_600_000;

/** How async requests are looked after (spec: request-path 7.2). */
export interface AsyncRules {
  /** Pause between two looks, and time for the whole request, unless headers say otherwise. */
  readonly checkIntervalMs: number;
  readonly timeoutMs: number;
  readonly maxTimeoutMs: number;
  /** A request is looked at so often at most. */
  readonly maxStatusChecks: number;
}

export const DEFAULT_ASYNC_RULES: AsyncRules = {
  checkIntervalMs: 3_000,
  timeoutMs: 60_000,
  maxTimeoutMs: 14_400_000,
  maxStatusChecks: 50,
};

function positiveInteger(value: Json | undefined, max = MAX_MS): number | undefined {
  const number = typeof value === 'string' && /^\s*\+?\d{1,15}\s*$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isInteger(number) && number > 0
    ? Math.min(number, max)
    : undefined;
}

/**
 * Timeouts of one request (spec: request-path 4): header, else token, else router, the first that is a positive
 * integer, at most one hour. (In the original a header of 0 or less skipped the token.)
 */
export function requestTimeouts(
  headers: HeaderMap,
  tokenMetadata: Readonly<Record<string, Json>>,
  routerDefaults: RequestTimeouts,
  backendProto = 'http',
): RequestTimeouts {
  const choose = (header: string, key: string, fallback: number): number =>
    positiveInteger(own(headers, header)) ?? positiveInteger(own(tokenMetadata, key)) ?? fallback;
  return {
    queueTimeoutMs:
      grpcQueueTimeoutMs(headers, backendProto) ??
      choose('x-waiter-queue-timeout', 'queue-timeout-ms', routerDefaults.queueTimeoutMs),
    socketTimeoutMs: choose('x-waiter-timeout', 'socket-timeout-ms', routerDefaults.socketTimeoutMs),
    streamingTimeoutMs: choose(
      'x-waiter-streaming-timeout',
      'streaming-timeout-ms',
      routerDefaults.streamingTimeoutMs,
    ),
  };
}

/** Of one async request: by its headers where they name positive integers (spec: request-path 4, 7.2). */
export function asyncTimeouts(
  headers: HeaderMap,
  { checkIntervalMs, timeoutMs, maxTimeoutMs, maxStatusChecks }: AsyncRules,
): { readonly checkIntervalMs: number; readonly timeoutMs: number } {
  const total = positiveInteger(own(headers, 'x-waiter-async-request-timeout'), maxTimeoutMs) ?? timeoutMs;
  const interval = positiveInteger(own(headers, 'x-waiter-async-check-interval'), maxTimeoutMs);
  return {
    checkIntervalMs: Math.max(interval ?? checkIntervalMs, Math.floor(total / maxStatusChecks)),
    timeoutMs: total,
  };
}

const GRPC_UNIT_MS: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};

/**
 * Queue timeout of a gRPC call that states a deadline but no queue timeout: the deadline and 100 ms.
 * @returns undefined when the rule does not apply
 */
export function grpcQueueTimeoutMs(headers: HeaderMap, backendProto: string): number | undefined {
  if (backendProto !== 'h2' && backendProto !== 'h2c') return undefined;
  if (!isGrpc(headers['content-type'])) return undefined;
  if (Object.hasOwn(headers, 'x-waiter-queue-timeout')) return undefined;
  const match = /^(\d{1,8})([HMSmun])$/.exec(headers['grpc-timeout'] ?? '');
  const unit = match?.[2] === undefined ? undefined : GRPC_UNIT_MS[match[2]];
  return match?.[1] === undefined || unit === undefined
    ? undefined
    : Math.min(Math.floor(Number(match[1]) * unit) + 100, MAX_MS);
}
