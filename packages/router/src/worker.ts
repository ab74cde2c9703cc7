import {
  AuthCookies,
  authorizeRequest,
  ConsentCookies,
  CorsPolicy,
  Entitlement,
  oneUser,
  serviceEntryToken,
  SimpleEntitlementManager,
  systemClock,
} from '@waiter/core';
import type { Authenticator, ResolvedService, TokenRecord } from '@waiter/core';
import { createMetrics, silentLogger, type Logger, type MetricsSnapshot } from '@waiter/observability';
import { Store } from '@waiter/store';
import { Admission } from './admission';
import { AcceptServer } from './accept';
import { AsyncEndpoints, asyncHoldMs, AsyncRequests, AsyncUrls, InstanceLook } from './async';
import { ConsentCheck, CorsCheck, Interstitials, OperatorStates, RequestAuthentication } from './admit';
import { ApiHop, createProxy, Forwarder, instanceAgents, ServiceAuthorization, Upgrader } from './forward';
import type { BackendTls } from './forward';
import { Http1Lane } from './forward/http1';
import { Http2Lane, SessionPool } from './forward/http2';
import { productName, type RouterOptions } from './options';
import { RequestPipeline } from './pipeline';
import { LoadReporter, TransientMetrics } from './report';
import { OtherPorts, SlotReservations, type Reservations } from './reserve';
import { Fallback, ownNames, ServiceHealth, ServiceRegistrar, ServiceResolver, TokenCache } from './resolve';
import type { TokenSource } from './resolve';
import { LineWriter, Recorder, Responder } from './respond';
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
  const { timeouts, limits, descriptions } = options;
  const product = productName(options.version);
  const store = await Store.open({ ...options.redis, onError: quietly(logger) }, 'failFast');

  const reporter: LoadReporter = new LoadReporter(store, () => leases, nudge);
  const leases = await SlotReservations.start({
    workerId,
    store,
    rules: options.reservation,
    onWaiting: (serviceId) => reporter.waiting(serviceId),
    holdMs: asyncHoldMs,
  });
  const reservations = new OtherPorts(environment.reservations ?? leases, (id) => store.instances.get(id));

  const tokens = new TokenCache(tokenSource(store), limits.cacheEntries);
  const registrar = new ServiceRegistrar(
    (service) => store.services.ensure(service),
    limits.cacheEntries,
    (error) => logger.warn('a service could not be written to Redis', { error }),
  );
  const health = new ServiceHealth((id) => store.instances.get(id), limits.cacheEntries);
  const operators = new OperatorStates(
    (serviceId) => store.serviceStates.get(serviceId),
    limits.cacheEntries,
    (error) => logger.debug('what operators say of a service could not be read', { error }),
  );
  const start = async (service: ResolvedService): Promise<void> => {
    await registrar.register(service);
    await store.references.want(service.serviceId);
    nudge(service.serviceId);
  };
  const interstitials = new Interstitials(
    (id) => store.instances.get(id),
    (service) => {
      start(service).catch((error: unknown) =>
        logger.warn('a service could not be asked for', { service: service.serviceId, error }),
      );
    },
    limits.cacheEntries,
  );
  // Notices may come before there is a lane.
  const lanes: { http1?: Http1Lane } = {};
  const unsubscribe = await store.changes.subscribe(
    (notice) => {
      if (notice.type === 'token') tokens.drop(notice.token);
      else if (notice.type === 'instances') {
        health.notice(notice.service, notice.version, notice.healthy);
        interstitials.notice(notice.service, notice.healthy);
      } else if (notice.type === 'service') {
        registrar.forget(notice.service);
        operators.drop(notice.service);
      }
      lanes.http1?.forgetAdmissions();
    },
    () => {
      registrar.forgetAll();
      tokens.dropAll();
      operators.dropAll();
      health.dropAll();
      interstitials.interrupted();
      lanes.http1?.forgetAdmissions();
    },
  );

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
  const { onHead } = recorder;

  const tls = backendTls(options);
  const proxy = createProxy(limits.responseHeadBytes, tls);
  const agents = instanceAgents(timeouts.instanceIdleTimeoutMs, tls);
  const { connectTimeoutMs, instanceIdleTimeoutMs } = timeouts;
  const { responseHeadBytes } = limits;
  const sessions = new SessionPool({ connectTimeoutMs, responseHeadBytes, tls }, instanceIdleTimeoutMs);
  const apiHop = new ApiHop({ product, timeouts, socketPath: options.apiSocketPath, onHead });
  const authorization = new ServiceAuthorization(options.passwords[0] ?? '', limits.cacheEntries);
  const urls = new AsyncUrls(options.passwords);
  const look = new InstanceLook({ agents, sessions, authorization, product, options }, recorder.onLook);
  const asyncRequests = new AsyncRequests({
    workerId,
    routerId: options.routerId,
    store,
    urls,
    rules: options.asyncRequests,
    look: (request, timeoutMs) => look.at(request, timeoutMs),
    onEvent: (serviceId, event) => workerMetrics.of(serviceId).asyncEvent(event).inc(),
  });
  const parts = {
    asyncRequests,
    proxy,
    agents,
    sessions,
    reservations,
    authorization,
    product,
    options,
    onHead,
  };
  const { routerId, serverTiming, supportInfo, imagesUrl } = options;
  const { drainBytes, drainMs } = limits;
  const responder = new Responder({
    ...{ product, routerId, serverTiming, drainBytes, drainMs, supportInfo, imagesUrl, onHead },
  });
  const resolver = new ServiceResolver(tokens, descriptions, limits.cacheEntries);
  const entitlement = new Entitlement(new SimpleEntitlementManager(options.user));
  const fallback = new Fallback(
    resolver,
    health,
    (latest, user) => {
      // Who may not use the latest version does not start it either; the earlier one serves all the same.
      if (!mayUse(latest, user, entitlement)) return;
      start(latest).catch((error: unknown) =>
        logger.warn('the latest version could not be asked for', { service: latest.serviceId, error }),
      );
    },
    limits.cacheEntries,
  );
  const { passwords, redis } = options;
  const authenticator = environment.authenticator ?? oneUser(options.user);
  const admission = new Admission({
    options,
    ownNames: ownNames(descriptions.hostnames),
    resolver,
    authentication: new RequestAuthentication(
      authenticator,
      new AuthCookies(passwords, redis.cluster, systemClock),
    ),
    cors: new CorsCheck(new CorsPolicy(options.cors)),
    consent: new ConsentCheck(
      resolver,
      new ConsentCookies(passwords, redis.cluster, systemClock, options.consentMs),
    ),
    interstitials,
    fallback,
    registrar,
    operators,
    entitlement,
    metrics: workerMetrics,
  });
  const upgrader = new Upgrader({ ...parts, metrics: workerMetrics });
  const forwarder = new Forwarder(parts);
  const asyncEndpoints = new AsyncEndpoints({
    urls,
    store,
    admission,
    forwarder,
    asyncRequests,
    timeouts,
    onRequest: (serviceId, kind) => workerMetrics.of(serviceId).asyncEvent(kind).inc(),
  });
  const pipeline = new RequestPipeline({
    admission,
    asyncEndpoints,
    forwarder,
    upgrader,
    apiHop,
    responder,
    metrics: workerMetrics,
    logger,
  });
  const accept = new AcceptServer(
    {
      product,
      ...limits,
      requestHeadTimeoutMs: timeouts.requestHeadTimeoutMs,
      clientIdleTimeoutMs: timeouts.clientIdleTimeoutMs,
    },
    pipeline,
  );
  if (options.lanes?.http1 ?? true) {
    lanes.http1 = new Http1Lane(
      {
        options,
        product,
        admission,
        reservations,
        asyncRequests,
        authorization,
        authenticator,
        responder,
        metrics: workerMetrics,
        recorder,
        onFault: (error) => logger.error('request failed', { error }),
      },
      (socket, bytes) => accept.adopt(socket, bytes),
    );
  }
  const http2 =
    (options.lanes?.http2 ?? true)
      ? new Http2Lane({
          maxConcurrentStreams: options.maxConcurrentStreams ?? 250,
          requestHeadBytes: limits.requestHeadBytes,
          requestHeaderCount: limits.requestHeaderCount,
          requestsPerSecond: limits.requestsPerSecond,
          requestHeadTimeoutMs: timeouts.requestHeadTimeoutMs,
          clientIdleTimeoutMs: timeouts.clientIdleTimeoutMs,
          streamingTimeoutMs: timeouts.streamingTimeoutMs,
          onExchange: (exchange) => pipeline.stream(exchange),
          onAbuse: (kind) => workerMetrics.abuse(kind).inc(),
        })
      : undefined;
  accept.use({ ...lanes, http2 });

  const stop = async (): Promise<void> => {
    reporter.stop();
    transient.stop();
    agents.destroy();
    sessions.destroy();
    lanes.http1?.close();
    http2?.close();
    apiHop.close();
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

function backendTls({ backendTls: tls }: RouterOptions): BackendTls {
  return { rejectUnauthorized: tls?.verify ?? false, ...(tls?.ca === undefined ? {} : { ca: tls.ca }) };
}

function tokenSource(store: Store): TokenSource {
  return {
    token: (name) => store.tokens.get(name),
    serviceEntry: async (id): Promise<TokenRecord | null> => {
      const service = await store.services.get(id);
      return service === null ? null : serviceEntryToken(id, service.description);
    },
  };
}

function mayUse(service: ResolvedService, user: string | null, entitlement: Entitlement): boolean {
  try {
    authorizeRequest(service, user, entitlement);
    return true;
  } catch {
    return false;
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}

/** Redis that is away reports an error for each attempt to reconnect: one line every five seconds is enough. */
function quietly(logger: Logger): (error: Error) => void {
  let lastAt = -Infinity;
  return (error) => {
    const now = performance.now();
    if (now - lastAt < 5_000) return;
    lastAt = now;
    logger.warn('Redis does not answer', { error: error.message });
  };
}
