import { WaiterError, type Json } from '@waiter/core';
import type { ReleaseOutcome } from '../reserve';

/** How an exchange with an instance ended. */
export type Outcome =
  /** The instance gave its whole response. `busy`: it said that it can take no more (spec: request-path 3.8). */
  | { readonly kind: 'complete'; readonly busy?: boolean }
  /** The client hung up. */
  | { readonly kind: 'client-gone' }
  /** The response head was sent, the rest cannot be: the client sees its connection break. */
  | { readonly kind: 'truncated'; readonly by: 'instance' | 'client' }
  /** Nothing was sent to the client. */
  | Failure;

export interface Failure {
  readonly kind: 'failed';
  readonly reason: FailureReason;
  /** A pooled connection broke before any byte of a response: the instance had closed it already. */
  readonly stale: boolean;
  /** Bytes of the request body may have reached the instance. */
  readonly bodySent: boolean;
  readonly error: Error;
}

export type FailureReason =
  /** Refused, unreachable or not connected in time. */
  | 'connect'
  /** The instance was silent for the socket timeout. */
  | 'idle'
  /** The client was silent in the middle of its body. */
  | 'client-idle'
  /** The body is longer than is allowed. */
  | 'too-large'
  /** The instance did not take the body. */
  | 'upload-stalled'
  /** The request cannot be written: an illegal header. */
  | 'unsendable'
  /** The instance reset the stream of HTTP/2, with the code INTERNAL_ERROR, CANCEL, NO_ERROR, or unread. */
  | 'reset-internal'
  | 'reset-cancel'
  | 'reset-none'
  | 'refused'
  | 'broken';

/** Resets that tell of the client rather than of the instance (spec: request-path 5.6, 6.5). */
export function isReset(reason: FailureReason): boolean {
  return reason === 'reset-internal' || reason === 'reset-cancel' || reason === 'reset-none';
}

/**
 * Whether an instance says that it can take no more (spec: request-path 3.8): 503, or UNAVAILABLE of gRPC in the head.
 * @param grpcStatus of the response's head, where the request was one of gRPC
 */
export function isBusy(status: number | undefined, grpcStatus?: string): boolean {
  return status === 503 || grpcStatus === '14';
}

/** Faults of the client, of which an instance is free. */
const OF_CLIENT: ReadonlySet<FailureReason> = new Set([
  'client-idle',
  'too-large',
  'unsendable',
  'reset-internal',
  'reset-cancel',
  'reset-none',
]);

/** What the slot's holder tells of the instance (spec: request-path 3.8, 5.2). */
export function releaseOutcome(outcome: Outcome): ReleaseOutcome {
  switch (outcome.kind) {
    case 'complete':
      return outcome.busy === true ? 'instance-busy' : 'success';
    case 'client-gone':
      return 'client-error';
    case 'truncated':
      return outcome.by === 'instance' ? 'instance-error' : 'client-error';
    case 'failed':
      if (outcome.stale) return 'success';
      // Refused unread: the instance ends this connection, or has all the streams on it that it wants.
      if (outcome.reason === 'refused') return 'generic-error';
      return OF_CLIENT.has(outcome.reason) ? 'client-error' : 'instance-error';
  }
}

/** The error a client is told (spec: request-path 6.4, 6.5). */
export function failureError(failure: Failure, details: Readonly<Record<string, Json>>): WaiterError {
  const { reason, error } = failure;
  const told = (
    message: string,
    status: number,
    errorCause: 'instance-error' | 'client-error' | 'server-eagerly-closed',
  ): WaiterError => new WaiterError(message, { status, errorCause, details, cause: error });
  switch (reason) {
    case 'connect':
      return told('Request failed to connect to service backend', 502, 'instance-error');
    case 'idle':
      return told('Request to service backend timed out', 504, 'instance-error');
    case 'client-idle':
      return told('Timeout receiving bytes from client', 408, 'client-error');
    case 'too-large':
      return told('The request body is larger than is accepted here', 413, 'client-error');
    case 'unsendable':
      return told('The request has a header that cannot be forwarded', 400, 'client-error');
    case 'upload-stalled':
      return new WaiterError('unable to stream request bytes', {
        status: 503,
        errorClass: 'waiter.StreamTimeout',
        errorCause: 'instance-error',
        details,
        cause: error,
      });
    case 'reset-internal':
      return told('Client send invalid data to HTTP/2 backend', 400, 'client-error');
    case 'reset-cancel':
      return told('Client action means stream is no longer needed', 400, 'client-error');
    case 'reset-none':
      return told('Connection eagerly closed by server', 400, 'server-eagerly-closed');
    case 'refused':
    case 'broken':
      return told('Request to service backend failed', 502, 'instance-error');
  }
}

/** Methods that may be repeated on another connection when the first was dead already. */
const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

/**
 * Whether the request may be sent once more (DESIGN section 6, Retry): `other` instance when none of it was sent;
 * `same` instance when a safe request without body met a pooled connection that was dead, or when an instance refused the
 * request unread, which any method may be sent again after (RFC 9113 8.7).
 */
export function retryOf(failure: Failure, method: string, hasBody: boolean): 'other' | 'same' | 'no' {
  if (failure.reason === 'connect' && !failure.bodySent) return 'other';
  if (failure.reason === 'refused' && !failure.bodySent) return 'same';
  return failure.stale && SAFE.has(method) && !hasBody ? 'same' : 'no';
}

/**
 * The outcome of a request that was sent before, on a pooled connection that broke. That it cannot even connect now says
 * that the instance is gone, perhaps because of this very request: it is not tried on another instance, and the client is
 * told that it may have been received.
 * @param first how the first attempt ended; null when this is the first
 */
export function afterResend(first: Failure | null, outcome: Outcome): Outcome {
  if (first === null || outcome.kind !== 'failed' || outcome.reason !== 'connect') return outcome;
  if (first.reason === 'refused') return outcome;
  return { ...first, stale: false };
}
