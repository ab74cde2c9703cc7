import type { AddressInfo, Socket } from 'node:net';
import { Activity } from './activity';
import { AsyncRequests } from './async-requests';
import { basicAuth } from './basic-auth';
import { DefaultStatus } from './default-status';
import { Exchange } from './exchange';
import { makeListener } from './listener';
import type { KitchenOptions } from './options';
import { startCourier } from './courier';
import { requestLog } from './request-log';
import type { Kitchen } from './routes';
import { serve } from './serve';
import { WebSockets } from './websocket';

export interface RunningKitchen {
  readonly port: number;
  /** Of the courier; null without one. */
  readonly grpcPort: number | null;
  /** Stops listening and resolves when the requests in flight are finished, or broken off after `graceMs` (default 5 000). */
  close(graceMs?: number): Promise<void>;
}

/** Paths that a scheduler or a test asks besides the load; they do not count as load. */
const UNOBSERVED = new Set(['/status', '/kitchen-state']);

/**
 * Starts a kitchen in this process (spec: cli-contract 6, request-path appendix A). For a kitchen as a process of its
 * own, see `kitchenCommand`.
 */
export async function startKitchen(options: KitchenOptions = {}): Promise<RunningKitchen> {
  const env = options.env ?? process.env;
  const activity = new Activity();
  const asyncRequests = new AsyncRequests();
  const sockets = new Set<Socket>();
  const state = (): Record<string, number> => ({
    'async-requests': asyncRequests.size,
    instance: process.pid,
    ...activity.state(),
  });
  const breakOff = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  const kitchen: Kitchen = {
    asyncRequests,
    defaultStatus: new DefaultStatus(options.enableStatusChange ?? false),
    env,
    greetsUser: options.enableHealthCheckAuthentication ?? false,
    state,
    exit: options.exit ?? breakOff,
  };
  const authorized = basicAuth(options, env);
  const log = requestLog(options.logOutput);
  const webSockets = new WebSockets({ ...options, activity, state });
  let closing = false;

  const { server, closeIdle } = await makeListener(options, env, {
    connection(socket) {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    },
    request(request, response) {
      const exchange = new Exchange(request, response);
      const { handedOver, over } = activity.beginRequest(!UNOBSERVED.has(exchange.path));
      log(exchange);
      response.on('error', () => undefined); // a broken connection, which 'close' tells too
      response.once('close', () => {
        over();
        if (closing) setImmediate(closeIdle);
      });
      if (closing || options.connectionClose) response.shouldKeepAlive = false;
      serve(kitchen, exchange, authorized(request, exchange.path), handedOver).catch((error: unknown) => {
        if (response.headersSent || exchange.gone) response.destroy();
        else response.writeHead(500).end(`kitchen failed: ${String(error)}`);
      });
    },
    upgrade(request, socket, head) {
      socket.on('error', () => undefined);
      const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
      if (!authorized(request, path))
        socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
      else webSockets.upgrade(request, socket, head);
    },
  });
  const grpc = await startCourier(options, env);

  if (options.startUpSleepMs) await new Promise((resolve) => setTimeout(resolve, options.startUpSleepMs));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, options.hostname ?? '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    grpcPort: grpc?.port ?? null,
    async close(graceMs = 5_000) {
      closing = true;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      closeIdle();
      grpc?.close();
      webSockets.close();
      const timer = setTimeout(breakOff, graceMs);
      await closed;
      clearTimeout(timer);
      for (const socket of sockets) socket.destroy();
      asyncRequests.close();
    },
  };
}
