import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createApi } from '@waiter/api';
import type { CompiledConfig } from '@waiter/config';
import { configWarnings } from '@waiter/config';
import { Entitlement, oneUser, SimpleEntitlementManager, systemClock } from '@waiter/core';
import { createLogger, createMetrics } from '@waiter/observability';
import {
  DEFAULT_ROUTER_LIMITS,
  DEFAULT_ROUTER_TIMEOUTS,
  startRouterNode,
  type RouterNode,
  type RouterOptions,
} from '@waiter/router';
import { Queues, Store } from '@waiter/store';
import { version } from '../version';
import { fleetGauges } from './fleet-gauges';
import { announceReady } from './ready';
import { countResponses, statsdOf } from './statsd';

/** The part of the configuration that workers need. */
function routerOptionsOf(config: CompiledConfig): RouterOptions {
  const { router } = config;
  return {
    host: router.host,
    port: router.port,
    routerId: router.id,
    version: version(),
    redis: { url: config.redis.url, cluster: config.cluster.name },
    descriptions: config.descriptions,
    passwords: config.passwords,
    user: router.user,
    cors: router.cors,
    supportInfo: router.supportInfo,
    imagesUrl: router.imagesUrl ?? null,
    consentMs: router.consentExpiryMs,
    timeouts: {
      ...DEFAULT_ROUTER_TIMEOUTS,
      queueTimeoutMs: router.queueTimeoutMs,
      socketTimeoutMs: router.socketTimeoutMs,
      streamingTimeoutMs: router.streamingTimeoutMs,
      connectTimeoutMs: router.connectTimeoutMs,
      clientIdleTimeoutMs: router.clientIdleTimeoutMs,
      requestHeadTimeoutMs: router.requestHeadTimeoutMs,
      instanceIdleTimeoutMs: router.instanceIdleTimeoutMs,
      drainTimeoutMs: router.drainTimeoutMs,
    },
    limits: {
      ...DEFAULT_ROUTER_LIMITS,
      requestHeadBytes: router.requestHeaderSize,
      requestHeaderCount: router.requestHeaderCount,
      requestBodyBytes: router.maxRequestBody,
      requestsPerSecond: router.maxRequestRate,
      connections: router.maxConnections,
    },
    webSockets: {
      idleTimeoutMs: router.webSocket.idleTimeoutMs,
      maxAgeMs: router.webSocket.maxAgeMs,
      maxMessageBytes: router.webSocket.maxMessageBytes,
    },
    asyncRequests: {
      checkIntervalMs: router.async.checkIntervalMs,
      timeoutMs: router.async.timeoutMs,
      maxTimeoutMs: router.async.maxTimeoutMs,
      maxStatusChecks: router.async.maxStatusChecks,
    },
    lanes: { http1: router.http1Lane, readBuffers: router.http1ReadBuffers },
    ...(router.tls.port === 0 ? {} : { tls: router.tls }),
    backendTls: {
      verify: router.backendTls.verify,
      ...(router.backendTls.caFile === undefined
        ? {}
        : { ca: readFileSync(router.backendTls.caFile, 'utf8') }),
    },
    retryOnConnectFailure: router.retryOnConnectFailure,
    serverTiming: router.serverTiming,
    reservation: {
      ejection: { baseMs: config.ejection.baseMs, maxMs: config.ejection.maxMs },
      expiryFailures: config.ejection.expiryFailures,
      throttle: router.errorThrottle,
      idleLeaseMs: router.idleLeaseMs,
    },
    apiSocketPath: null,
    requestLog: router.requestLog === undefined ? null : { file: router.requestLog },
  };
}

/** A router node: this process serves the API and looks after the workers, which proxy. */
export async function runRouter(config: CompiledConfig): Promise<void> {
  const logger = createLogger({ name: 'router', ...config.log, fields: { router: config.router.id } });
  for (const warning of configWarnings(config)) logger.warn(warning);
  const onError = (error: Error): void => logger.debug('redis connection', { error: error.message });
  const redis = { url: config.redis.url, cluster: config.cluster.name, onError };
  const store = await Store.open(redis);
  for (const fault of await store.check()) logger.warn(fault);
  const queues = new Queues(redis);
  const metrics = createMetrics();
  metrics.observeProcess();
  fleetGauges(metrics, store);
  const statsd = statsdOf(config, logger);

  // The API tells of the node that serves it: known once the workers listen.
  const self: { node?: RouterNode } = {};
  let draining = false;
  const api = createApi({
    store,
    queues,
    config,
    logger,
    metrics,
    workerMetrics: async () => (await self.node?.workerMetrics()) ?? [],
    statsd,
    clock: systemClock,
    authenticator: oneUser(config.router.user),
    entitlement: new Entitlement(new SimpleEntitlementManager(config.router.user)),
    routerId: config.router.id,
    get port() {
      return self.node?.port ?? config.router.port;
    },
    startedAtMs: Date.now(),
    version: version(),
    isDraining: () => draining,
  });
  const onStop = (): void => {
    draining = true;
  };
  process.once('SIGTERM', onStop).once('SIGINT', onStop);
  const node = await startRouterNode({
    router: routerOptionsOf(config),
    workers: config.router.workers,
    exec: join(__dirname, '..', 'router-worker.js'),
    args: [config.log.level, config.log.format],
    api,
    store,
    queues,
    logger,
    ...(config.router.url === undefined ? {} : { url: config.router.url }),
    afterDrain: [
      { name: 'statsd', run: () => statsd.close() },
      { name: 'queues', run: () => queues.close() },
      { name: 'store', run: () => store.close() },
    ],
  });
  self.node = node;
  countResponses(statsd, config, node, store);
  logger.info('router listens', { port: node.port, tlsPort: node.tlsPort, workers: config.router.workers });
  announceReady('router', config.router.url ?? `http://127.0.0.1:${node.port}`);
}
