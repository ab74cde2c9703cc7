import { oneUser, type Authenticator } from '@waiter/core';
import { createMetrics, silentLogger, type Logger, type MetricsSnapshot } from '@waiter/observability';
import { Store } from '@waiter/store';
import { asyncHoldMs } from './async';
import { serveClients } from './client-service';
import { Knowledge } from './knowledge';
import type { RouterOptions } from './options';
import { redisErrors } from './redis-errors';
import { LoadReporter, TransientMetrics } from './report';
import { OtherPorts, SlotReservations, type Reservations } from './reserve';
import { LineWriter, Recorder } from './respond';
import { WorkerMetrics } from './worker-metrics';

/** What a worker is given by the process that it lives in. */
export interface WorkerEnvironment {
  /** `<router id>/<n>`, never used again; default number 1. */
  readonly workerId?: string;
  readonly logger?: Logger;
  /** Asks the scaler to look at a service now. */
  readonly nudge?: (serviceId: string) => void;
  /** Who clients are; default: all are the one user of the options. */
  readonly authenticator?: Authenticator;
  /** In place of leases: for tests of the request path. Closed by the caller. */
  readonly reservations?: Reservations;
}

export interface RouterWorker {
  readonly port: number;
  /** Of TLS; null: there is none. */
  readonly tlsPort: number | null;
  readonly store: Store;
  snapshot(): Promise<MetricsSnapshot>;
  /**
   * Ends in order: no new connections; what is in flight or waits may end within `drainTimeoutMs`; leases go back. What
   * still waits after four fifths of that time is refused (503), what is still in flight at its end is cut.
   */
  close(): Promise<void>;
}

/** After this part of the drain time waiting requests are refused, so that their clients still hear of it. */
const PATIENCE = 0.8;

/** Starts one event loop that proxies. @throws Error when Redis does not answer or the port is taken */
export async function startRouterWorker(
  options: RouterOptions,
  environment: WorkerEnvironment = {},
): Promise<RouterWorker> {
  const { workerId = `${options.routerId}/1`, logger = silentLogger, nudge = () => undefined } = environment;
  const { timeouts, limits } = options;
  const store = await Store.open({ ...options.redis, onError: redisErrors(logger) }, 'failFast');

  const reporter: LoadReporter = new LoadReporter(store, () => leases, nudge);
  const leases = await SlotReservations.start({
    workerId,
    store,
    rules: options.reservation,
    onWaiting: (serviceId) => reporter.waiting(serviceId),
    holdMs: asyncHoldMs,
  });
  const knowledge = new Knowledge(store, limits.cacheEntries, logger, nudge);
  const metrics = createMetrics();
  const workerMetrics = new WorkerMetrics(metrics);
  const transient = new TransientMetrics(workerMetrics, async () => {
    const busy = [...leases.loads()].filter(([, { inFlight, queued }]) => inFlight + queued > 0);
    return new Set([...(await store.services.ids()), ...busy.map(([id]) => id)]);
  });
  const log =
    options.requestLog === null
      ? undefined
      : new LineWriter(options.requestLog.file, (error) =>
          logger.error('the request log cannot be written', { error }),
        );
  const recorder = new Recorder(workerMetrics, log);
  const clients = serveClients({
    options,
    workerId,
    store,
    logger,
    knowledge,
    reservations: new OtherPorts(environment.reservations ?? leases, (id) => store.instances.get(id)),
    recorder,
    metrics: workerMetrics,
    authenticator: environment.authenticator ?? oneUser(options.user),
  });
  const { accept, upgrader, asyncRequests } = clients;
  const unsubscribe = await knowledge.follow(() => clients.forgetAdmissions());

  const stop = async (): Promise<void> => {
    reporter.stop();
    transient.stop();
    clients.close();
    await unsubscribe();
    await store.close();
    await log?.close();
  };
  let port: number;
  let tlsPort: number | null = null;
  try {
    if (options.tls !== undefined) {
      tlsPort = await accept.listenForTls(options.tls, options.host, {
        onReload: () => logger.info('certificates were read again'),
        onFault: (error) =>
          logger.error('certificates cannot be read again; the ones in use stay', { error }),
        onExpiring: ({ file, validTo, over }) =>
          logger.warn(over ? 'a certificate is over' : 'a certificate ends soon', { file, validTo }),
      });
    }
    port = await accept.listen(options.port, options.host);
  } catch (error) {
    await accept.abandon();
    await leases.close(0);
    await stop();
    throw error;
  }
  await asyncRequests.start();
  reporter.start();
  transient.start();

  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    upgrader.open.drain(timeouts.drainTimeoutMs * PATIENCE);
    const drained = accept.drain(timeouts.drainTimeoutMs);
    await Promise.race([drained, pause(timeouts.drainTimeoutMs * PATIENCE)]);
    await Promise.all([drained, leases.close(timeouts.drainTimeoutMs * (1 - PATIENCE))]);
    await asyncRequests.drain();
    await stop();
  };
  return { port, tlsPort, store, snapshot: () => metrics.snapshot(), close: () => (closing ??= close()) };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
