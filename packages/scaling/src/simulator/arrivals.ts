import { exponential, randomStream } from './random';

/** Requests per step of equal length. */
export interface ArrivalTrace {
  readonly name: string;
  readonly stepMs: number;
  readonly counts: readonly number[];
}

export const traceLengthMs = (trace: ArrivalTrace): number => trace.stepMs * trace.counts.length;

/**
 * Reads a trace: lines `index,count` (or `count`), with an optional header and `# step_s=<seconds>` comment; the step is a
 * second without it. Missing indices are steps without requests.
 * @throws RangeError that names the line
 */
export function parseTrace(name: string, text: string): ArrivalTrace {
  const counts: number[] = [];
  let stepMs = 1000;
  text.split('\n').forEach((raw, at) => {
    const line = raw.trim();
    if (line.startsWith('#')) {
      const step = /\bstep_s=([\d.]+)/.exec(line)?.[1];
      if (step !== undefined) stepMs = Number(step) * 1000;
      return;
    }
    if (line === '' || (counts.length === 0 && /[a-z]/i.test(line) && !/^\d/.test(line))) return;
    const cells = line.split(',').map((cell) => Number(cell));
    const index = cells.length > 1 ? cells[0] : counts.length;
    const count = cells[cells.length > 1 ? 1 : 0];
    if (index === undefined || count === undefined || !Number.isInteger(index) || !Number.isInteger(count)) {
      throw new RangeError(`${name}:${at + 1}: expected "index,count" with whole numbers, found "${line}"`);
    }
    if (index < counts.length || count < 0 || index > counts.length + 10_000_000) {
      throw new RangeError(`${name}:${at + 1}: indices must grow and counts must not be negative: "${line}"`);
    }
    while (counts.length < index) counts.push(0);
    counts.push(count);
  });
  if (!(stepMs > 0)) throw new RangeError(`${name}: step_s must be positive`);
  if (counts.length === 0) throw new RangeError(`${name}: the trace is empty`);
  return { name, stepMs, counts };
}

/**
 * The arrival times in milliseconds, ascending: within a step, a Poisson process with exactly the step's count, which is that
 * many uniform times in order. Drawn from exponential spacings, so that no sorting is needed.
 */
export function arrivalTimes(trace: ArrivalTrace, seed: number): Float64Array {
  const random = randomStream(seed, 'arrivals');
  const times = new Float64Array(trace.counts.reduce((sum, count) => sum + count, 0));
  let filled = 0;
  trace.counts.forEach((count, step) => {
    if (count === 0) return;
    let sum = 0;
    for (let k = 0; k < count; k += 1) {
      sum += exponential(random);
      times[filled + k] = sum;
    }
    sum += exponential(random);
    const start = step * trace.stepMs;
    for (let k = 0; k < count; k += 1) {
      times[filled + k] = start + ((times[filled + k] ?? 0) / sum) * trace.stepMs;
    }
    filled += count;
  });
  return times;
}
