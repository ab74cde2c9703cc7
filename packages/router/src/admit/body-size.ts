import { WaiterError, type HeaderMap } from '@waiter/core';

/**
 * What a client announces too much of is not even begun. (Bodies of unknown length are counted where they are forwarded.)
 * @param limit bytes; 0: none
 * @throws WaiterError 413
 */
export function refuseLargeBody(headers: HeaderMap, limit: number): void {
  if (limit === 0 || Number(headers['content-length'] ?? 0) <= limit) return;
  throw new WaiterError('The request body is larger than is accepted here', {
    status: 413,
    errorCause: 'client-error',
    details: { 'max-request-body': limit },
  });
}
