import type { RequestFacts, RequestHead } from '../accept';

/**
 * `Server-Timing` (W3C): the wait for an instance, the time until its response head came, and the whole time in the router
 * until now, in milliseconds.
 * @param nowMs monotonic milliseconds
 */
export function serverTiming(
  { startedAt }: Pick<RequestHead, 'startedAt'>,
  { slot, backendResponseMs }: Pick<RequestFacts, 'slot' | 'backendResponseMs'>,
  nowMs = performance.now(),
): string {
  const queued = slot === null ? '' : `waiter-queue;dur=${milliseconds(slot.waitedMs)}, `;
  const instance =
    backendResponseMs === null ? '' : `waiter-instance;dur=${milliseconds(backendResponseMs)}, `;
  return `${queued}${instance}waiter-total;dur=${milliseconds(nowMs - startedAt)}`;
}

/** To the microsecond, never negative. */
function milliseconds(ms: number): number {
  return Math.max(0, Math.round(ms * 1e3) / 1e3);
}
