import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { createCluster, type Cluster } from './cluster';
import { createApplication } from './http/application';
import { silentLogger } from './logger';
import type { MiniMarathonOptions } from './options';
import { ABDICATED_MS, elected } from './standby/election';
import { passOn } from './standby/pass-on';
import { DirectoryInUse, ServerLock } from './state/server-lock';

export interface MiniMarathon {
  /** `http://host:port`, to reach it on this machine. */
  readonly url: string;
  readonly port: number;
  /**
   * Stops every task (SIGTERM to its process group, SIGKILL after the app's `taskKillGracePeriodSeconds`, 3 s unless set),
   * waits until they are gone, forgets all apps, then ends connections; with `keepTasks`, or while another server leads, it only
   * ends connections. Calling it again waits for the same.
   */
  close(): Promise<void>;
}

/**
 * Starts a Marathon-compatible server whose tasks are local processes. It goes on where an earlier server with this data
 * directory was killed: the same apps, the same tasks.
 * @throws Error when the data directory is in use by a running server (without `standby`), or the address cannot be listened on
 */
export async function startMiniMarathon(options: MiniMarathonOptions): Promise<MiniMarathon> {
  const host = options.host ?? '127.0.0.1';
  const dataDir = resolve(options.dataDir);
  const logger = options.logger ?? silentLogger;
  let cluster = await createCluster(options).catch((error: unknown) => {
    if (options.standby === true && error instanceof DirectoryInUse) return undefined;
    throw error;
  });
  let port = options.port;
  const address = (): string => `${options.advertisedHost ?? host}:${port}`;
  let application: RequestListener | undefined;
  const lead = (leading: Cluster): void => {
    cluster = leading;
    application = createApplication(leading, address, abdicate, options.credentials);
    leading.announce(address());
  };
  const standBy = async (pauseMs = 0): Promise<void> => {
    const leading = await elected(dataDir, () => createCluster(options), stop.signal, pauseMs);
    if (leading === undefined) return;
    lead(leading);
    logger.info('mini-marathon leads now', { url });
  };
  /** Without anybody to hand over to it is elected again at once, and nothing has happened but that event streams end. */
  const abdicate = (): void => {
    if (cluster === undefined || stop.signal.aborted) return;
    if (!ServerLock.hasCandidates(dataDir)) return cluster.events.end();
    logger.info('mini-marathon leads no longer', { url });
    application = undefined;
    cluster.handOver();
    cluster = undefined;
    standing = standBy(ABDICATED_MS);
  };
  const standIn = passOn(address, () => ServerLock.leaderOf(dataDir));
  const server = createServer((request, response) => (application ?? standIn)(request, response));
  server.listen(options.port, host);
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
  const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  const url = `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
  const stop = new AbortController();
  let standing: Promise<void> = Promise.resolve();
  if (cluster !== undefined) lead(cluster);
  else standing = standBy();
  logger.info('mini-marathon listens', { url, dataDir, leads: cluster !== undefined });
  let closing: Promise<void> | undefined;
  const close = async () => {
    stop.abort();
    await standing;
    // No new request is answered meanwhile, but event streams still tell how the tasks end.
    const closed = new Promise((done) => server.close(done));
    server.closeIdleConnections();
    await cluster?.close();
    server.closeAllConnections();
    await closed;
    logger.info('mini-marathon is closed', { url });
  };
  return { url, port, close: () => (closing ??= close()) };
}
