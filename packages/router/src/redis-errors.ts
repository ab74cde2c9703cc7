import type { Logger } from '@waiter/observability';

const PAUSE_MS = 5_000;

/** Redis that is away reports an error for each attempt to reconnect: one line every five seconds is enough. */
export function redisErrors(logger: Logger): (error: Error) => void {
  let lastAt = -Infinity;
  return (error) => {
    const now = performance.now();
    if (now - lastAt < PAUSE_MS) return;
    lastAt = now;
    logger.warn('Redis does not answer', { error: error.message });
  };
}
