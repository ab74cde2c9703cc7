import { setTimeout as pause } from 'node:timers/promises';
import { SchedulerError } from '../port';

/** Between five attempts (spec: scaling-and-schedulers 3.3). */
const PAUSES_MS: readonly number[] = [200, 300, 450, 675];

export interface RetryOptions {
  /** Which errors another attempt may cure; default: transient ones. */
  readonly retryable?: (error: unknown) => boolean;
  readonly signal?: AbortSignal;
  /** Only tests pass their own. */
  readonly sleep?: (ms: number) => Promise<void>;
}

export const isTransient = (error: unknown): boolean => error instanceof SchedulerError && error.transient;

/** Calls `operation` up to five times; the error of the last attempt, or the first that is not retryable, is thrown. */
export async function retry<T>(operation: () => Promise<T>, options: RetryOptions = {}): Promise<T> {
  const retryable = options.retryable ?? isTransient;
  const { signal } = options;
  const sleep = options.sleep ?? ((ms) => pause(ms, undefined, signal === undefined ? {} : { signal }));
  for (const ms of PAUSES_MS) {
    try {
      return await operation();
    } catch (error) {
      if (!retryable(error) || signal?.aborted) throw error;
      // An interrupted pause says less than the error that led to it.
      await sleep(ms).catch(() => {
        throw error;
      });
    }
  }
  return operation();
}
