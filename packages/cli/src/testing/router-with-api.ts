import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApi } from '@waiter/api';
import { loadConfig } from '@waiter/config';
import { Entitlement, oneUser, SimpleEntitlementManager, systemClock } from '@waiter/core';
import { createMetrics, silentLogger } from '@waiter/observability';
import { routerOptions, startRouterWorker, type RouterOptions, type RouterWorker } from '@waiter/router';
import { Queues, Store } from '@waiter/store';

export const USER = 'sam';
const CLUSTER = 'c1';
const VERSION = '0123456789abcdef';

/** One worker with the control API behind it, over a real Redis; nobody scales. */
export interface RouterWithApi {
  readonly port: number;
  /** Null without `tls` in the options. */
  readonly tlsPort: number | null;
  readonly store: Store;
  readonly worker: RouterWorker;
  stop(): Promise<void>;
}

/** @param given of the worker */
export async function startRouterWithApi(
  redisUrl: string,
  given: Partial<RouterOptions> = {},
): Promise<RouterWithApi> {
  const redis = { url: redisUrl, cluster: CLUSTER };
  const directory = await mkdtemp(join(tmpdir(), 'waiter-router-with-api-'));
  const store = await Store.open(redis);
  const queues = new Queues(redis);
  const flags = { 'cluster-name': CLUSTER, 'router-user': USER, redis: redisUrl, 'router-host': '127.0.0.1' };
  const config = loadConfig({ flags, machine: { hostname: 'box', username: USER, unique: 'abc123' } });
  const self: { worker?: RouterWorker } = {};
  const api = createServer(
    createApi({
      store,
      queues,
      config,
      logger: silentLogger,
      metrics: createMetrics(),
      clock: systemClock,
      authenticator: oneUser(USER),
      entitlement: new Entitlement(new SimpleEntitlementManager(USER)),
      routerId: config.router.id,
      get port() {
        return self.worker?.port ?? 0;
      },
      startedAtMs: Date.now(),
      version: VERSION,
      isDraining: () => false,
    }),
  );
  const apiSocketPath = join(directory, 'api.sock');
  await new Promise<void>((resolve) => api.listen(apiSocketPath, resolve));
  const worker = await startRouterWorker(
    routerOptions({
      host: '127.0.0.1',
      port: 0,
      routerId: config.router.id,
      redis,
      user: USER,
      version: VERSION,
      descriptions: config.descriptions,
      passwords: config.passwords,
      apiSocketPath,
      ...given,
    }),
  );
  self.worker = worker;
  return {
    port: worker.port,
    tlsPort: worker.tlsPort,
    store,
    worker,
    async stop() {
      await worker.close();
      await closed(api);
      await queues.close();
      await store.close();
      await rm(directory, { recursive: true });
    },
  };
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
