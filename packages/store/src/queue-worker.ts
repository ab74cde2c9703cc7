import { Worker } from 'bullmq';

/** The jobs at hand have so long to end once the worker is to close. */
const CLOSE_MS = 3_000;

/**
 * A worker whose close ends. BullMQ's waits for the jobs at hand, also for one that never ends or whose result cannot be
 * told to a Redis that is away, and meanwhile renews their locks and connects anew: a process could not exit.
 */
export class QueueWorker<T> extends Worker<T> {
  override async close(force = false): Promise<void> {
    const closed = super.close(force).catch(() => undefined);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => (timer = setTimeout(resolve, CLOSE_MS, 'late')));
    const ending = await Promise.race([closed, late]);
    clearTimeout(timer);
    if (ending !== 'late') return;
    await this.lockManager.close();
    await this.backend.close(true);
  }
}
