import type { Authenticator } from '@waiter/core';
import type { Logger } from '@waiter/observability';
import type { Store } from '@waiter/store';
import { AcceptServer } from './accept';
import { AsyncEndpoints, AsyncRequests, AsyncUrls, InstanceLook } from './async';
import { ApiHop, createProxy, Forwarder, instanceAgents, ServiceAuthorization, Upgrader } from './forward';
import type { BackendTls } from './forward';
import { clientAdmission } from './client-admission';
import { Http1Lane } from './forward/http1';
import { Http2Lane, SessionPool } from './forward/http2';
import type { Knowledge } from './knowledge';
import { productName, type RouterOptions } from './options';
import { RequestPipeline } from './pipeline';
import type { Reservations } from './reserve';
import { Responder, type Recorder } from './respond';
import type { WorkerMetrics } from './worker-metrics';

export interface ClientServiceParts {
  readonly options: RouterOptions;
  readonly workerId: string;
  readonly store: Store;
  readonly logger: Logger;
  readonly knowledge: Knowledge;
  readonly reservations: Reservations;
  readonly recorder: Recorder;
  readonly metrics: WorkerMetrics;
  readonly authenticator: Authenticator;
}

/** What serves the clients of a worker: its listener and lanes, and all that a request passes. */
export interface ClientService {
  readonly accept: AcceptServer;
  readonly upgrader: Upgrader;
  readonly asyncRequests: AsyncRequests;
  /** Something changed that admission depends on. */
  forgetAdmissions(): void;
  /** Ends connections to instances; to be called when no request is under way any more. */
  close(): void;
}

export function serveClients(parts: ClientServiceParts): ClientService {
  const { options, workerId, store, logger, reservations, recorder, metrics, authenticator } = parts;
  const { timeouts, limits } = options;
  const { onHead } = recorder;
  const product = productName(options.version);

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
    onEvent: (serviceId, event) => metrics.of(serviceId).asyncEvent(event).inc(),
  });
  const forwarding = {
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
  const admission = clientAdmission(parts);
  const upgrader = new Upgrader({ ...forwarding, metrics });
  const forwarder = new Forwarder(forwarding);
  const asyncEndpoints = new AsyncEndpoints({
    urls,
    store,
    admission,
    forwarder,
    asyncRequests,
    timeouts,
    onRequest: (serviceId, kind) => metrics.of(serviceId).asyncEvent(kind).inc(),
  });
  const pipeline = new RequestPipeline({
    admission,
    asyncEndpoints,
    forwarder,
    upgrader,
    apiHop,
    responder,
    metrics,
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
  let http1: Http1Lane | undefined;
  if (options.lanes?.http1 ?? true) {
    http1 = new Http1Lane(
      {
        options,
        product,
        admission,
        reservations,
        asyncRequests,
        authorization,
        authenticator,
        responder,
        metrics,
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
          onAbuse: (kind) => metrics.abuse(kind).inc(),
        })
      : undefined;
  accept.use({ http1, http2 });

  return {
    accept,
    upgrader,
    asyncRequests,
    forgetAdmissions: () => http1?.forgetAdmissions(),
    close: () => {
      agents.destroy();
      sessions.destroy();
      http1?.close();
      http2?.close();
      apiHop.close();
    },
  };
}

function backendTls({ backendTls: tls }: RouterOptions): BackendTls {
  return { rejectUnauthorized: tls?.verify ?? false, ...(tls?.ca === undefined ? {} : { ca: tls.ca }) };
}
