import type { Foresight } from '../policies/oracle';
import { sampler, type Distribution } from './distribution';
import { EventQueue } from './event-queue';
import { randomStream } from './random';

/** What the oracle is told: the most in service at once in each second if every request started when it came. */
export function foresee(arrivals: Float64Array, service: Distribution, seed: number): Foresight {
  const draw = sampler(service, randomStream(seed, 'service'));
  const running = new EventQueue();
  const peaks = new Int32Array(Math.floor((arrivals[arrivals.length - 1] ?? 0) / 1000) + 2);
  let second = 0;
  for (const atMs of arrivals) {
    // Seconds without arrivals start with what is still running.
    for (const now = Math.floor(atMs / 1000); second < now;) {
      second += 1;
      while (running.nextMs <= second * 1000) running.pop();
      peaks[second] = running.size;
    }
    while (running.nextMs <= atMs) running.pop();
    running.push(atMs + draw(), 0);
    peaks[second] = Math.max(peaks[second] ?? 0, running.size);
  }
  return peaks;
}
