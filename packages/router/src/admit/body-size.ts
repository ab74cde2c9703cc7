import { own, WaiterError, type HeaderMap, type Json } from '@waiter/core';

/**
 * Longest request body in bytes: as the token says (`max-request-body-bytes`), but at most what the router accepts.
 * @param routerLimit 0: any length, and so is the result
 */
export function bodyLimit(routerLimit: number, tokenMetadata: Readonly<Record<string, Json>>): number {
  const said = own(tokenMetadata, 'max-request-body-bytes');
  const tokenLimit = typeof said === 'number' && Number.isSafeInteger(said) && said > 0 ? said : 0;
  if (tokenLimit === 0 || routerLimit === 0) return tokenLimit || routerLimit;
  return Math.min(tokenLimit, routerLimit);
}

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
    details: { 'max-request-body-bytes': limit },
  });
}
