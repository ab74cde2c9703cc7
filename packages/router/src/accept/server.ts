import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Socket, type AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { NO_TUNNELS, rawRefusal, refusalOf, type ParserError, type Refusal } from './client-error';
import { ClientLimits, type ClientLimitOptions } from './client-limits';
import { namesClose } from './connection-options';
import { beginsHttp2, firstBytes } from './first-bytes';
import { LAST_HEADS_MS } from './last-heads';
import { promisedSeconds } from './promised-idle';
import { TlsListener, type TlsListenerOptions } from './tls/tls-listener';
import { Turns } from './turns';
import { newUniqueId } from './unique-id';

export interface AcceptOptions extends ClientLimitOptions {
  readonly product: string;
  readonly requestHeadBytes: number;
  readonly requestHeadTimeoutMs: number;
  readonly clientIdleTimeoutMs: number;
}

export interface AcceptHandlers {
  request(request: IncomingMessage, response: ServerResponse, awaitsContinue: boolean): void;
  /** A WebSocket handshake; other upgrades are served as the plain requests they also are. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

/** Serves connections in its own way, and hands over the ones that need the general one. */
export interface FastLane {
  connect(socket: Socket): void;
  /** No more requests: idle connections end now, the others with their response. */
  drain(): void;
  destroy(): void;
}

/** Which lanes serve beside `node:http`. */
export interface Lanes {
  /** Gets every connection first. */
  readonly http1?: FastLane | undefined;
  readonly http2?: FastLane | undefined;
}

/** 0 takes a free one. */
export type TlsPort = Omit<TlsListenerOptions, 'handshakeTimeoutMs' | 'http2'> & { readonly port: number };

/** The listener of a worker: limits on heads and time, refusals in words, and an orderly end. */
export class AcceptServer {
  readonly server: Server;
  private readonly responses = new Set<ServerResponse>();
  private readonly turns = new Turns();
  private readonly upgraded = new Set<Duplex>();
  /** Connections that `node:http` serves, and those that have yet to show what they speak. */
  private readonly served = new Set<Duplex>();
  private readonly serve: (socket: Duplex) => void;
  private readonly limits: ClientLimits;
  private lanes: Lanes = {};
  private tls: TlsListener | undefined;
  private draining = false;

  constructor(
    private readonly options: AcceptOptions,
    private readonly handlers: AcceptHandlers,
  ) {
    this.limits = new ClientLimits(options);
    this.server = createServer({
      maxHeaderSize: options.requestHeadBytes,
      headersTimeout: options.requestHeadTimeoutMs,
      connectionsCheckingInterval: Math.min(30_000, options.requestHeadTimeoutMs),
      // An upload may take any time; silence on it is watched where it is forwarded.
      requestTimeout: 0,
      // As it is announced; see `accept`.
      keepAliveTimeout: promisedSeconds(options.clientIdleTimeoutMs) * 1_000,
      // Refused with words by checkHead.
      requireHostHeader: false,
      insecureHTTPParser: false,
      noDelay: true,
    });
    const [serve] = this.server.listeners('connection');
    if (serve === undefined) throw new Error('node:http does not listen to its connections');
    this.serve = (socket) => {
      this.watch(socket);
      serve.call(this.server, socket);
    };
    // Node drops the headers above this count silently; the size limit bounds them anyway.
    this.server.maxHeadersCount = 0;
    this.server.on('request', (request, response) => this.accept(request, response, false));
    this.server.on('checkContinue', (request, response) => this.accept(request, response, true));
    this.server.on('checkExpectation', (request, response) => this.accept(request, response, false));
    this.server.on('upgrade', (request, socket, head) => this.acceptUpgrade(request, socket, head));
    // Unheard, node would end the connection without a word.
    this.server.on('connect', (_request, socket) =>
      this.turns.after(socket, () => this.turnAway(socket, NO_TUNNELS)),
    );
    this.server.on('clientError', (error: ParserError, socket) => this.refuse(error, socket));
  }

  /** To be called before `listen`. */
  use(lanes: Lanes): void {
    this.lanes = lanes;
    this.server.removeAllListeners('connection');
    this.server.on('connection', (socket: Socket) => this.connect(socket));
  }

  private connect(socket: Socket): void {
    const refusal = this.limits.admit(socket);
    if (refusal !== null) return this.turnAway(socket, refusal);
    const { http1, http2 } = this.lanes;
    if (http1 !== undefined) http1.connect(socket);
    else if (http2 === undefined) this.serve(socket);
    else {
      this.watch(socket);
      firstBytes(socket, this.options.requestHeadTimeoutMs, (bytes) => this.adopt(socket, bytes));
    }
  }

  private watch(socket: Duplex): void {
    if (this.served.has(socket)) return;
    this.served.add(socket);
    socket.once('close', () => this.served.delete(socket));
  }

  /**
   * Serves a connection from its next request on.
   * @param bytes that were read from it and belong to that request
   */
  adopt(socket: Duplex, bytes: Buffer): void {
    const { http2 } = this.lanes;
    if (http2 !== undefined && isFirst(socket, bytes) && beginsHttp2(bytes)) {
      // node:http2 takes what was read already from a socket that does not flow.
      socket.pause();
      socket.unshift(bytes);
      this.served.delete(socket);
      http2.connect(socket);
      return;
    }
    socket.unshift(bytes);
    this.serve(socket);
    socket.resume();
  }

  /**
   * A second port, for TLS, on which HTTP/2 is agreed on by ALPN. To be called after `use`.
   * @returns its port @throws Error when it is taken, or a certificate is not usable
   */
  async listenForTls(
    { port, ...tls }: TlsPort,
    host: string,
    events: { onReload(): void; onFault(error: Error): void },
  ): Promise<number> {
    const { requestHeadTimeoutMs: handshakeTimeoutMs } = this.options;
    const listener = await TlsListener.create(
      { ...tls, handshakeTimeoutMs, http2: this.lanes.http2 !== undefined },
      {
        ...events,
        admit: (socket) => this.limits.admit(socket) === null,
        secured: (socket) => this.secured(socket),
      },
    );
    const taken = await listener.listen(port, host).catch((error: unknown) => {
      void listener.close();
      throw error;
    });
    this.tls = listener;
    return taken;
  }

  private secured(socket: TLSSocket): void {
    const { http1, http2 } = this.lanes;
    if (this.draining) return void socket.destroy();
    if (socket.alpnProtocol === 'h2' && http2 !== undefined) http2.connect(socket);
    else if (http1 !== undefined) http1.connect(socket);
    else this.serve(socket);
  }

  listen(port: number, host: string): Promise<number> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, host, () => {
        this.server.off('error', reject);
        resolve((this.server.address() as AddressInfo).port);
      });
    });
  }

  /** Gives the ports up that it could get, when it could not get all. */
  async abandon(): Promise<void> {
    this.limits.destroy();
    await this.tls?.close();
  }

  /**
   * Accepts no more connections, lets what is in flight end, and closes every connection at its next response, or soon
   * where no request comes.
   * @returns when every connection is closed; the ones that are left after `timeoutMs` are cut
   */
  async drain(timeoutMs: number): Promise<void> {
    this.draining = true;
    this.lanes.http1?.drain();
    this.lanes.http2?.drain();
    for (const response of this.responses) response.shouldKeepAlive = false;
    const closed = Promise.all([
      new Promise<void>((resolve) => this.server.close(() => resolve())),
      this.tls?.close(),
    ]);
    const unasked = setTimeout(() => this.endUnasked(), LAST_HEADS_MS);
    const timer = setTimeout(() => {
      this.lanes.http1?.destroy();
      this.lanes.http2?.destroy();
      this.limits.destroy();
    }, timeoutMs);
    await closed;
    clearTimeout(unasked);
    clearTimeout(timer);
  }

  /** Ends connections that have no request. (A server of node that is closed looks at the time of heads no more.) */
  private endUnasked(): void {
    for (const socket of this.served) {
      if (!this.upgraded.has(socket) && this.turns.pending(socket).length === 0) socket.destroy();
    }
  }

  private accept(request: IncomingMessage, response: ServerResponse, awaitsContinue: boolean): void {
    response.sendDate = false;
    // Node does not see it next to a tab.
    if (namesClose(request.headers.connection ?? '')) response.shouldKeepAlive = false;
    // A client that vanished; 'close' tells.
    response.on('error', () => undefined);
    response.once('close', () => {
      this.responses.delete(response);
      if (response.shouldKeepAlive) request.socket.setTimeout(this.options.clientIdleTimeoutMs);
      // Who has only lent the connection takes it back.
      request.socket.emit('answered', response.shouldKeepAlive && request.complete);
      if (this.draining) setImmediate(() => this.server.closeIdleConnections());
    });
    this.turns.take(request.socket, response, () => this.begin(request, response, awaitsContinue));
  }

  private begin(request: IncomingMessage, response: ServerResponse, awaitsContinue: boolean): void {
    this.responses.add(response);
    if (this.draining) response.shouldKeepAlive = false;
    const refusal = this.limits.refusalOf(request);
    if (refusal !== null) {
      response.shouldKeepAlive = false;
      response.writeHead(refusal.status, { 'content-type': 'text/plain', ...this.ownHeaders() });
      response.end(`${refusal.words}\n`);
      return;
    }
    this.handlers.request(request, response, awaitsContinue);
  }

  private acceptUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => undefined);
    this.turns.after(socket, () => this.beginUpgrade(request, socket, head));
  }

  private beginUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (request.method !== 'GET' || request.headers.upgrade?.toLowerCase() !== 'websocket') {
      this.withoutUpgrade(request, socket, head);
      return;
    }
    const refusal = this.limits.refusalOf(request);
    if (refusal !== null) return this.turnAway(socket, refusal);
    this.upgraded.add(socket);
    socket.once('close', () => this.upgraded.delete(socket));
    this.handlers.upgrade(request, socket, head);
  }

  /** `Upgrade: h2c` and the like may be ignored (RFC 9110 7.8): the same bytes once more, without the wish. */
  private withoutUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { rawHeaders } = request;
    let text = `${request.method ?? 'GET'} ${request.url ?? '/'} HTTP/${request.httpVersion}\r\n`;
    for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
      const name = rawHeaders[i] ?? '';
      if (/^(?:upgrade|http2-settings)$/i.test(name)) continue;
      const value = rawHeaders[i + 1] ?? '';
      const kept = /^connection$/i.test(name)
        ? value
            .split(',')
            .filter((token) => !/^\s*(?:upgrade|http2-settings)\s*$/i.test(token))
            .join(',')
        : value;
      text += `${name}: ${kept.trim()}\r\n`;
    }
    socket.unshift(Buffer.concat([Buffer.from(`${text}\r\n`, 'latin1'), head]));
    this.serve(socket);
  }

  /** The parser gave up on a connection. */
  private refuse(error: ParserError, socket: Duplex): void {
    const refusal = refusalOf(error, this.options.requestHeadBytes);
    const pending = this.turns.pending(socket);
    const sound = pending.filter(({ req }) => req.complete).at(-1);
    if (sound !== undefined) {
      // The fault is in what follows a sound request: that one still gets its response.
      sound.shouldKeepAlive = false;
      sound.once('finish', () => socket.destroy());
      return;
    }
    if (refusal === null || !socket.writable || pending[0]?.headersSent === true) {
      socket.destroy();
      return;
    }
    this.turnAway(socket, refusal);
  }

  private turnAway(socket: Duplex, refusal: Refusal): void {
    socket.on('error', () => undefined);
    socket.end(rawRefusal(refusal, this.ownHeaders()), () => socket.destroy());
  }

  private ownHeaders(): { server: string; 'x-cid': string } {
    return { server: this.options.product, 'x-cid': newUniqueId() };
  }
}

/** Nothing else was read before, and what is spoken was not agreed on by ALPN. */
function isFirst(socket: Duplex, bytes: Buffer): socket is Socket {
  return socket instanceof Socket && socket.bytesRead === bytes.length && !('encrypted' in socket);
}
