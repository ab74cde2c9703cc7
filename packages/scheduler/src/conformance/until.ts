import { setTimeout as pause } from 'node:timers/promises';

const DEADLINE_MS = 15_000;

/** Polls until the probe gives something; a probe that throws has not. */
export async function until<T>(what: string, probe: () => Promise<T | null | undefined | false>): Promise<T> {
  const deadline = performance.now() + DEADLINE_MS;
  let last: unknown;
  for (;;) {
    try {
      const value = await probe();
      if (value) return value;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline)
      throw new Error(`waited ${DEADLINE_MS} ms for ${what}`, { cause: last });
    await pause(25);
  }
}

/** The environment that `serveCommand` answers with. */
export async function ask(host: string, port: number): Promise<unknown> {
  const answer = await fetch(`http://${host}:${port}/`, { signal: AbortSignal.timeout(2000) });
  return answer.json();
}
