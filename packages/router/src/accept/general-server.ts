import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { NO_TUNNELS, rawRefusal, refusalOf, type ParserError, type Refusal } from './client-error';
import type { ClientLimitOptions, ClientLimits } from './client-limits';
import { namesClose } from './connection-options';
import { promisedSeconds } from './promised-idle';
import { Turns } from './turns';
import { newUniqueId } from './unique-id';
import { headWithoutUpgrade } from './without-upgrade';

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

/** The server of the general lane, `node:http`: refusals in words, and who of its clients is owed something. */
export class GeneralServer {
  readonly server: Server;
  private readonly responses = new Set<ServerResponse>();
  private readonly turns = new Turns();
  private readonly upgraded = new Set<Duplex>();
  /** Connections that are served here, and those that have yet to show what they speak. */
  private readonly served = new Set<Duplex>();
  private readonly take: (socket: Duplex) => void;
  private draining = false;

  constructor(
    private readonly options: AcceptOptions,
    private readonly handlers: AcceptHandlers,
    private readonly limits: ClientLimits,
  ) {
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
    this.take = (socket) => void serve.call(this.server, socket);
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

  /** From its next request on. */
  serve(socket: Duplex): void {
    this.watch(socket);
    this.take(socket);
    if ('encrypted' in socket) readAsStream(socket);
  }

  /** Somebody whose request has yet to come; see `endUnasked`. */
  watch(socket: Duplex): void {
    if (this.served.has(socket)) return;
    this.served.add(socket);
    socket.once('close', () => this.served.delete(socket));
  }

  /** It is served elsewhere. */
  forget(socket: Duplex): void {
    this.served.delete(socket);
  }

  /** Every connection ends with its response. */
  drain(): void {
    this.draining = true;
    for (const response of this.responses) response.shouldKeepAlive = false;
  }

  /** Ends connections that have no request. (A server of node that is closed looks at the time of heads no more.) */
  endUnasked(): void {
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
      // `Upgrade: h2c` and the like: served as the request that it also is.
      socket.unshift(Buffer.concat([headWithoutUpgrade(request), head]));
      this.serve(socket);
      return;
    }
    const refusal = this.limits.refusalOf(request);
    if (refusal !== null) return this.turnAway(socket, refusal);
    this.upgraded.add(socket);
    socket.once('close', () => this.upgraded.delete(socket));
    this.handlers.upgrade(request, socket, head);
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

  /** Tells why, and ends the connection. */
  turnAway(socket: Duplex, refusal: Refusal): void {
    socket.on('error', () => undefined);
    socket.end(rawRefusal(refusal, this.ownHeaders()), () => socket.destroy());
  }

  private ownHeaders(): { server: string; 'x-cid': string } {
    return { server: this.options.product, 'x-cid': newUniqueId() };
  }
}

/**
 * Node reads a connection below its stream until somebody else listens to it. There, a pause does not hold back what was decrypted
 * already: while a client takes its time over a response, its next request would meet a parser that is paused, which ends
 * the connection (HPE_PAUSED).
 */
function readAsStream(socket: Duplex): void {
  const listener = (): void => undefined;
  socket.on('data', listener).off('data', listener);
}
