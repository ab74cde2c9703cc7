import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import type * as Http2 from 'node:http2';
import { createServer as createTcpServer, type Server as TcpServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { readFile } from 'node:fs/promises';
import type { KitchenOptions } from './options';
import { selfSigned } from './self-signed';

/** What comes in, whatever the protocol: `node:http2` dresses its streams as messages of `node:http`. */
export interface ListenerHandlers {
  connection(socket: Socket): void;
  request(request: IncomingMessage, response: ServerResponse): void;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

export interface Listener {
  readonly server: TcpServer;
  /** Ends connections that wait for a request, and tells the others that the present ones are the last. */
  closeIdle(): void;
}

/** The beginning of HTTP/2 on a connection (RFC 9113 3.4). */
const PREFACE = 'PRI * HTTP/2.0';

/** The HTTP or HTTPS server, set up so that only the kitchen's own knobs end connections and requests. */
export async function makeListener(
  options: KitchenOptions,
  env: Readonly<Record<string, string | undefined>>,
  handlers: ListenerHandlers,
): Promise<Listener> {
  const http: ServerOptions = {
    keepAliveTimeout: options.keepAliveTimeoutMs ?? 120_000,
    requestTimeout: 0,
    headersTimeout: 0,
    maxHeaderSize: 128 * 1024, // case 17 sends a header of 24 000 characters
  };
  const serve = <T extends TcpServer>(server: T): T => {
    server.on('request', handlers.request);
    server.on('upgrade', handlers.upgrade);
    return server;
  };
  const tls = options.tls === undefined ? null : await certificate(options, env);
  const sessions = new Set<Http2.Http2Session>();
  const follow = <T extends TcpServer>(server: T): T => {
    server.on('session', (session: Http2.Http2Session) => {
      sessions.add(session);
      session.on('error', () => undefined);
      session.once('close', () => sessions.delete(session));
    });
    return server;
  };
  const closeIdle = (server: Server | Http2.Http2SecureServer): void => {
    if ('closeIdleConnections' in server) server.closeIdleConnections();
    for (const session of sessions) session.close();
  };
  if (tls === null && options.http2 !== true) {
    const server = serve(createServer(http)).on('connection', handlers.connection);
    return { server, closeIdle: () => closeIdle(server) };
  }
  if (tls !== null) {
    const { createServer: createTlsServer } = await import('node:https');
    const { createSecureServer } = await import('node:http2');
    const server =
      options.http2 === true
        ? follow(serve(createSecureServer({ ...http, ...tls, allowHTTP1: true })))
        : serve(createTlsServer({ ...http, ...tls }));
    server.on('connection', handlers.connection);
    return { server, closeIdle: () => closeIdle(server) };
  }
  const { createServer: createHttp2Server } = await import('node:http2');
  const http1 = serve(createServer(http));
  const http2 = follow(serve(createHttp2Server()));
  const server = createTcpServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    handlers.connection(socket);
    socket.on('error', () => undefined);
    socket.once('readable', () => {
      const bytes = socket.read() as Buffer | null;
      if (bytes === null) return void socket.destroy();
      socket.unshift(bytes);
      (bytes.toString('latin1').startsWith(PREFACE) ? http2 : http1).emit('connection', socket);
    });
  });
  return { server, closeIdle: () => closeIdle(http1) };
}

export interface Certificate {
  readonly key: string;
  readonly cert: string;
  readonly passphrase?: string;
}

export async function certificate(
  options: KitchenOptions,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Certificate> {
  if (options.tls === 'self-signed') return selfSigned();
  const { CERT_PATH, KEY_PATH, KEY_PASSWORD } = env;
  if (!CERT_PATH || !KEY_PATH) throw new Error('--ssl needs CERT_PATH and KEY_PATH in the environment');
  const [cert, key] = await Promise.all([readFile(CERT_PATH, 'utf8'), readFile(KEY_PATH, 'utf8')]);
  return { cert, key, ...(KEY_PASSWORD ? { passphrase: KEY_PASSWORD } : {}) };
}
