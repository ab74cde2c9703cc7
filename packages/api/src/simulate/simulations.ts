import { Worker } from 'node:worker_threads';
import { WaiterError } from '@waiter/core';
import type { ComparisonRequest, TickRequest } from '@waiter/scaling';

/** What to simulate, and in which form to answer; plain data for the thread. */
export type Simulation = { readonly form: 'json' | 'html' } & (
  | { readonly kind: 'ticks'; readonly request: TickRequest }
  | { readonly kind: 'comparison'; readonly request: ComparisonRequest }
);

type Answer = { readonly body: string } | { readonly refusal: string };

/** Of wall clock, the start of the thread included. */
const LONGEST_MS = 2_500;
const MOST_MEMORY_MIB = 256;
/** One at a time; who comes when this many wait already is sent away. */
const MOST_WAITING = 4;

/**
 * Runs simulations in a thread of their own, so that one costs the control process no more than a bounded share of a
 * core for a bounded time, whatever its parameters are.
 */
export class Simulations {
  private waiting = 0;
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly longestMs = LONGEST_MS) {}

  /** @throws WaiterError 400 for parameters out of range or a run that takes too long, 503 when too many wait */
  async run(simulation: Simulation): Promise<string> {
    if (this.waiting >= MOST_WAITING) {
      throw new WaiterError('Too many simulations wait already; try again in some seconds', { status: 503 });
    }
    this.waiting += 1;
    const turn = this.last.then(() => this.inThread(simulation)).finally(() => (this.waiting -= 1));
    this.last = turn.catch(() => undefined);
    const answer = await turn;
    if ('refusal' in answer) {
      throw new WaiterError(`Cannot simulate this: ${answer.refusal}`, { status: 400 });
    }
    return answer.body;
  }

  private inThread(simulation: Simulation): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const thread = new Worker(threadFile(), {
        workerData: simulation,
        resourceLimits: { maxOldGenerationSizeMb: MOST_MEMORY_MIB },
        env: {},
        execArgv: threadFile().endsWith('.ts') ? ['--require', 'tsx/cjs'] : [],
      });
      const timer = setTimeout(() => {
        void thread.terminate();
        resolve({
          refusal: `it takes longer than ${this.longestMs / 1000} s; ask for less time, fewer requests or fewer policies`,
        });
      }, this.longestMs);
      thread.once('message', (answer: Answer) => resolve(answer));
      thread.once('error', (error: Error & { readonly code?: string }) => {
        if (error.code === 'ERR_WORKER_OUT_OF_MEMORY') resolve({ refusal: 'it takes too much memory' });
        else reject(error);
      });
      thread.once('exit', () => {
        clearTimeout(timer);
        resolve({ refusal: 'it ended without a result' });
      });
    });
  }
}

/** Beside this file: built, or as source where the sources run. */
const threadFile = (): string => __filename.replace(/simulations\.(js|ts)$/, 'thread.$1');
