import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { CompiledConfig } from '@waiter/config';
import {
  createLogger,
  createMetrics,
  gracefulShutdown,
  HealthRegistry,
  MetricsPage,
  startStatusServer,
} from '@waiter/observability';
import { createScaler, scalerOptions } from '@waiter/scaler';
import { Queues, Store } from '@waiter/store';
import { announceReady } from './ready';
import { schedulerOf } from './schedulers';
import { statsdOf } from './statsd';

const STOP_MS = 20_000;

export async function runScaler(config: CompiledConfig): Promise<void> {
  const logger = createLogger({ name: 'scaler', ...config.log });
  const onError = (error: Error): void => logger.debug('redis connection', { error: error.message });
  const redis = { url: config.redis.url, cluster: config.cluster.name, onError };
  const store = await Store.open(redis);
  for (const fault of await store.check()) logger.warn(fault);
  const queues = new Queues(redis);
  const { marathon, scaler: settings } = config;
  const scheduler = schedulerOf(config, logger);
  const statsd = statsdOf(config, logger);
  const metrics = createMetrics();
  metrics.observeProcess();
  const scaler = createScaler({
    store,
    queues,
    scheduler,
    logger,
    metrics,
    statsd,
    options: scalerOptions({
      ...settings,
      expiryFailures: config.ejection.expiryFailures,
      id: `${hostname()}-${process.pid}-${randomBytes(3).toString('hex')}`,
      clusterName: config.cluster.name,
      passwords: config.passwords,
      descriptions: config.descriptions,
      homePathPrefix: marathon.homePathPrefix,
      reconcileMs: marathon.reconcileMs,
      statsdIntervalMs: config.statsd.syncInstancesIntervalMs,
    }),
  });
  const health = new HealthRegistry();
  health.register({
    name: 'redis',
    run: async () => ({ ok: (await store.connection.redis.ping()) === 'PONG' }),
  });
  const status = await startStatusServer({
    host: settings.statusHost,
    port: settings.statusPort,
    page: new MetricsPage(metrics),
    health,
  });
  gracefulShutdown({
    logger,
    timeoutMs: STOP_MS,
    steps: [
      { name: 'scaler', run: () => scaler.stop() },
      { name: 'status', run: () => status.close() },
      { name: 'statsd', run: () => statsd.close() },
      { name: 'scheduler', run: () => scheduler.close() },
      { name: 'queues', run: () => queues.close() },
      { name: 'store', run: () => store.close() },
    ],
  });
  scaler.start();
  logger.info('scaler runs, and leads when elected', { statusPort: status.port });
  announceReady('scaler', `http://${settings.statusHost}:${status.port}`);
}
