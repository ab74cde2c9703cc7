import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createCluster } from './cluster';
import { createApplication } from './http/application';
import type { MiniMarathonOptions } from './options';

export interface MiniMarathon {
  /** `http://host:port`, to reach it on this machine. */
  readonly url: string;
  readonly port: number;
  /**
   * Stops every task (SIGTERM to its process group, SIGKILL after the app's `taskKillGracePeriodSeconds`, 3 s unless set),
   * waits until they are gone, forgets all apps, then ends connections; with `keepTasks` it only ends connections. Calling it
   * again waits for the same.
   */
  close(): Promise<void>;
}

/**
 * Starts a Marathon-compatible server whose tasks are local processes. It goes on where an earlier server with this data
 * directory was killed: the same apps, the same tasks.
 * @throws Error when the data directory is in use by a running server, or the address cannot be listened on
 */
export async function startMiniMarathon(options: MiniMarathonOptions): Promise<MiniMarathon> {
  const host = options.host ?? '127.0.0.1';
  const cluster = await createCluster(options);
  let port = options.port;
  const server = createServer(createApplication(cluster, () => `${options.advertisedHost ?? host}:${port}`));
  server.listen(options.port, host);
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
  const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  const url = `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
  cluster.logger.info('mini-marathon listens', { url, dataDir: options.dataDir });
  let closing: Promise<void> | undefined;
  const close = async () => {
    // No new request is answered meanwhile, but event streams still tell how the tasks end.
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeIdleConnections();
    await cluster.close();
    server.closeAllConnections();
    await closed;
    cluster.logger.info('mini-marathon is closed', { url });
  };
  return { url, port, close: () => (closing ??= close()) };
}
