import { createServer, type AddressInfo } from 'node:net';
import type { RequestListener } from 'node:http';
import {
  gracefulShutdown,
  type Logger,
  type MetricsSnapshot,
  type ShutdownStep,
} from '@waiter/observability';
import type { Queues, Store } from '@waiter/store';
import type { RouterOptions } from '../options';
import { listenForApi } from './api-listener';
import { NodeMembership } from './membership';
import { Nudges } from './nudges';
import { WorkerPool } from './worker-pool';

export interface RouterNodeOptions {
  /** `apiSocketPath` is set here. */
  readonly router: RouterOptions;
  /** Processes that proxy. */
  readonly workers: number;
  /** Compiled file that calls `runRouterWorkerProcess`; forked by node:cluster. */
  readonly exec: string;
  readonly args?: readonly string[];
  readonly execArgv?: readonly string[];
  /** The API (an express app): served by this process, reached through the workers. */
  readonly api: RequestListener;
  /** Of the control process (`patient`); closed by the caller. */
  readonly store: Store;
  readonly queues: Pick<Queues, 'nudge'>;
  readonly logger: Logger;
  /** Base URL by which other machines reach the node; default from host and port. */
  readonly url?: string;
  /**
   * On SIGTERM, SIGINT and the loss of the parent process: drains, runs these steps (close the store, ...), exits.
   * Left out: the caller listens for signals and calls `close`.
   */
  readonly afterDrain?: readonly ShutdownStep[];
}

export interface RouterNode {
  readonly port: number;
  /** Of TLS; null: there is none. */
  readonly tlsPort: number | null;
  readonly apiSocketPath: string;
  /** Metrics of every worker that answers; to be added to the control process's own. */
  workerMetrics(): Promise<MetricsSnapshot[]>;
  /** Drains the workers, then stops the API and leaves the fleet. */
  close(): Promise<void>;
}

const API_GRACE_MS = 2_000;
const SHUTDOWN_GRACE_MS = 10_000;

/**
 * A router node: this process controls (API, membership, reaper, nudges), its workers proxy.
 * @throws Error when a worker cannot start, such as when the port is taken
 */
export async function startRouterNode(options: RouterNodeOptions): Promise<RouterNode> {
  const { workers, exec, args, execArgv, api, store, queues, logger } = options;
  const apiListener = await listenForApi(api);
  const port = options.router.port === 0 ? await freePort(options.router.host) : options.router.port;
  const tls = await tlsOf(options.router);
  const router = { ...options.router, port, ...tls, apiSocketPath: apiListener.socketPath };
  const nudges = new Nudges(
    (service) => queues.nudge(service),
    (error) => logger.warn('the scaler could not be nudged', { error }),
  );
  const pool = new WorkerPool({
    options: router,
    count: workers,
    exec,
    ...(args === undefined ? {} : { args }),
    ...(execArgv === undefined ? {} : { execArgv }),
    logger,
    onNudge: (service) => nudges.nudge(service),
  });
  try {
    await pool.start();
  } catch (error) {
    await pool.drain();
    await apiListener.close(0);
    throw error;
  }
  const host = router.host === '0.0.0.0' || router.host === '::' ? 'localhost' : router.host;
  const membership = new NodeMembership(
    store.members,
    {
      id: router.routerId,
      url: options.url ?? `http://${host}:${port}`,
      version: router.version,
      startedAtMs: Date.now(),
    },
    logger,
  );
  await membership.start();

  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    membership.drain();
    await pool.drain();
    await apiListener.close(API_GRACE_MS);
    await membership.stop();
  };
  const node: RouterNode = {
    port,
    tlsPort: router.tls?.port ?? null,
    apiSocketPath: apiListener.socketPath,
    workerMetrics: () => pool.snapshots(),
    close: () => (closing ??= close()),
  };
  if (options.afterDrain !== undefined) {
    gracefulShutdown({
      logger,
      timeoutMs: router.timeouts.drainTimeoutMs + SHUTDOWN_GRACE_MS,
      steps: [{ name: 'drain the router', run: () => node.close() }, ...options.afterDrain],
    });
  }
  return node;
}

async function tlsOf({ tls, host }: RouterOptions): Promise<Pick<RouterOptions, 'tls'>> {
  if (tls === undefined) return {};
  return { tls: tls.port === 0 ? { ...tls, port: await freePort(host) } : tls };
}

/** All workers, and later ones, must share one port; port 0 would be another one after all of them died. */
function freePort(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, host, () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
