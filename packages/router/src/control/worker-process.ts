import cluster from 'node:cluster';
import { silentLogger, type Logger } from '@waiter/observability';
import { startRouterWorker, type RouterWorker } from '../worker';
import type { ControlMessage, WorkerMessage } from './messages';

const tell = (message: WorkerMessage): void => {
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
};

/**
 * The whole program of a worker process: what the entry file given to `startRouterNode` has to call. Ends the process
 * after a drain, which SIGTERM and SIGINT start too (a terminal sends them to the whole group), and at once when the
 * control process is gone.
 */
export function runRouterWorkerProcess({ logger = silentLogger }: { readonly logger?: Logger } = {}): void {
  if (!cluster.isWorker) throw new Error('a router worker is forked by the control process of a router node');
  let starting: Promise<RouterWorker> | undefined;
  let draining = false;

  const start = async (workerId: string, message: ControlMessage & { type: 'start' }): Promise<void> => {
    starting = startRouterWorker(message.options, {
      workerId,
      logger: logger.child({ worker: workerId }),
      nudge: (service) => tell({ type: 'nudge', service }),
    });
    try {
      const { port, tlsPort } = await starting;
      tell({ type: 'ready', port, tlsPort });
    } catch (error) {
      tell({ type: 'failed', message: (error as Error).message });
      setImmediate(() => process.exit(1));
    }
  };

  const drain = async (): Promise<void> => {
    if (draining) return;
    draining = true;
    const worker = await starting?.catch(() => undefined);
    await worker?.close().catch((error: unknown) => logger.error('a worker did not end in order', { error }));
    process.exit(0);
  };

  process.on('message', (message: ControlMessage) => {
    if (message.type === 'start') void start(message.workerId, message);
    else if (message.type === 'drain') void drain();
    else if (message.type === 'metrics') {
      const { id } = message;
      void starting
        ?.then((worker) => worker.snapshot())
        .then((snapshot) => tell({ type: 'metrics', id, snapshot }))
        .catch(() => undefined);
    }
  });
  process.on('SIGTERM', () => void drain());
  process.on('SIGINT', () => void drain());
  tell({ type: 'hello' });
}
