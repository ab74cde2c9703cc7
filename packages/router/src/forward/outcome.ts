import { WaiterError, type Json } from '@waiter/core';
import type { ReleaseOutcome } from '../reserve';

/** How an exchange with an instance ended. */
export type Outcome =
  /** The instance gave its whole response. */
  | { readonly kind: 'complete' }
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
  /** The instance did not take the body. */
  | 'upload-stalled'
  /** The request cannot be written: an illegal header. */
  | 'unsendable'
  | 'broken';

/** What the slot's holder tells of the instance (spec: request-path 3.8, 5.2). */
export function releaseOutcome(outcome: Outcome): ReleaseOutcome {
  switch (outcome.kind) {
    case 'complete':
      return 'success';
    case 'client-gone':
      return 'client-error';
    case 'truncated':
      return outcome.by === 'instance' ? 'instance-error' : 'client-error';
    case 'failed':
      if (outcome.stale) return 'success';
      return outcome.reason === 'client-idle' || outcome.reason === 'unsendable'
        ? 'client-error'
        : 'instance-error';
  }
}

/** The error a client is told (spec: request-path 6.4, 6.5). */
export function failureError(failure: Failure, details: Readonly<Record<string, Json>>): WaiterError {
  const { reason, error } = failure;
  const told = (
    message: string,
    status: number,
    errorCause: 'instance-error' | 'client-error',
  ): WaiterError => new WaiterError(message, { status, errorCause, details, cause: error });
  switch (reason) {
    case 'connect':
      return told('Request failed to connect to service backend', 502, 'instance-error');
    case 'idle':
      return told('Request to service backend timed out', 504, 'instance-error');
    case 'client-idle':
      return told('Timeout receiving bytes from client', 408, 'client-error');
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
    case 'broken':
      return told('Request to service backend failed', 502, 'instance-error');
  }
}

/** Methods that may be repeated on another connection when the first was dead already. */
const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

/**
 * Whether the request may be sent once more (DESIGN section 6, Retry): `other` instance when none of it was sent;
 * `same` instance when a safe request without body met a pooled connection that was dead.
 */
export function retryOf(failure: Failure, method: string, hasBody: boolean): 'other' | 'same' | 'no' {
  if (failure.reason === 'connect' && !failure.bodySent) return 'other';
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
  return { ...first, stale: false };
}
