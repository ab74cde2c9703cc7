import { inspect } from 'node:util';

export interface WaitOptions {
  /** Default 10 000. */
  readonly timeoutMs?: number;
  /** Pause between two probes; default 25. */
  readonly intervalMs?: number;
}

type Nothing = undefined | null | false | 0 | '';

/** Resolves after `ms`. Only for pacing a probe or a fault; a test waits for conditions with `waitFor`. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/**
 * Calls `probe` until it yields a truthy value and resolves with that. A probe that throws or rejects counts as "not
 * yet". One that hangs is given up at the deadline.
 * @throws Error that names `description` and tells the last value and the last error of the probe
 */
export async function waitFor<T>(
  description: string,
  probe: () => T | Nothing | Promise<T | Nothing>,
  { timeoutMs = 10_000, intervalMs = 25 }: WaitOptions = {},
): Promise<T> {
  const failure = new Error(); // made here, so that the stack shows the caller
  const deadline = performance.now() + timeoutMs;
  let lastValue = 'none';
  let lastError: unknown;
  for (;;) {
    try {
      const value = await before(deadline, probe);
      if (value) return value;
      lastValue = inspect(value);
    } catch (error) {
      lastError = error;
    }
    if (performance.now() + intervalMs >= deadline) break;
    await sleep(intervalMs);
  }
  const why = lastError === undefined ? '' : `; last error: ${inspect(lastError, { depth: 1 })}`;
  failure.message = `waited ${timeoutMs} ms for ${description}; last value: ${lastValue}${why}`;
  failure.cause = lastError;
  throw failure;
}

async function before<T>(deadline: number, probe: () => T | Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const expiry = new Promise<never>((_resolve, reject) => {
    const left = Math.max(1, deadline - performance.now());
    timer = setTimeout(() => reject(new Error('the probe did not answer before the deadline')), left);
  });
  try {
    return await Promise.race([Promise.resolve().then(probe), expiry]);
  } finally {
    clearTimeout(timer);
  }
}
