import { within, type Policy } from './policy';

/** The most requests that will be in service at once in each second if none ever waits (`foresee`). */
export type Foresight = Int32Array;

/**
 * Knows the future: has ready at every moment what will be needed then, and keeps what will be needed again within a start-up.
 * No real policy can be compared with it by right; it shows what is left to gain.
 */
export function oracle(future: Foresight): Policy<null> {
  return {
    name: 'oracle',
    description: 'knows the future',
    intervalMs: 1000,
    queueLookMs: null,
    stopsPerEvaluation: null,
    constants: { intervalMs: 1000, lookAhead: 'start-up plus two seconds' },
    decide(limits, seen) {
      const from = Math.floor(seen.nowMs / 1000);
      const to = Math.floor((seen.nowMs + (seen.startupMs ?? 0)) / 1000) + 2;
      let most = Math.ceil(seen.queued > 0 ? seen.inFlight : 0);
      for (let second = from; second <= to; second += 1) most = Math.max(most, future[second] ?? 0);
      return {
        instances: within(limits, Math.ceil(most / limits.concurrencyLevel)),
        memory: null,
        steps: { most },
      };
    },
  };
}
