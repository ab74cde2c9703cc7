import { setImmediate } from 'node:timers/promises';

/** So long one loop may hold the event loop before others get their turn. */
const SLICE_MS = 5;

/** As `Array.filter`, for long lists and tests that may be dear: lets everything else run in between. */
export async function filterFairly<T>(items: readonly T[], passes: (item: T) => boolean): Promise<T[]> {
  const kept: T[] = [];
  let until = performance.now() + SLICE_MS;
  for (const item of items) {
    if (passes(item)) kept.push(item);
    if (performance.now() < until) continue;
    await setImmediate();
    until = performance.now() + SLICE_MS;
  }
  return kept;
}
