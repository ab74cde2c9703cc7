import { Socket, type AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { ClientLimits } from './client-limits';
import { beginsHttp2, firstBytes } from './first-bytes';
import { GeneralServer, type AcceptHandlers, type AcceptOptions } from './general-server';
import { LAST_HEADS_MS } from './last-heads';
import { TlsListener, type TlsEvents, type TlsListenerOptions } from './tls/tls-listener';

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

/** The listener of a worker: which lane serves a connection, how many there may be, and an orderly end. */
export class AcceptServer {
  private readonly general: GeneralServer;
  private readonly limits: ClientLimits;
  private lanes: Lanes = {};
  private tls: TlsListener | undefined;
  private draining = false;

  constructor(
    private readonly options: AcceptOptions,
    handlers: AcceptHandlers,
  ) {
    this.limits = new ClientLimits(options);
    this.general = new GeneralServer(options, handlers, this.limits);
  }

  /** To be called before `listen`. */
  use(lanes: Lanes): void {
    this.lanes = lanes;
    const { server } = this.general;
    server.removeAllListeners('connection');
    server.on('connection', (socket: Socket) => this.connect(socket));
  }

  private connect(socket: Socket): void {
    const refusal = this.limits.admit(socket);
    if (refusal !== null) return this.general.turnAway(socket, refusal);
    const { http1, http2 } = this.lanes;
    if (http1 !== undefined) http1.connect(socket);
    else if (http2 === undefined) this.general.serve(socket);
    else {
      this.general.watch(socket);
      firstBytes(socket, this.options.requestHeadTimeoutMs, (bytes) => this.adopt(socket, bytes));
    }
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
      this.general.forget(socket);
      http2.connect(socket);
      return;
    }
    socket.unshift(bytes);
    this.general.serve(socket);
    socket.resume();
  }

  /**
   * A second port, for TLS, on which HTTP/2 is agreed on by ALPN. To be called after `use`.
   * @returns its port @throws Error when it is taken, or a certificate is not usable
   */
  async listenForTls({ port, ...tls }: TlsPort, host: string, events: TlsEvents): Promise<number> {
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
    else this.general.serve(socket);
  }

  listen(port: number, host: string): Promise<number> {
    const { server } = this.general;
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => {
        server.off('error', reject);
        resolve((server.address() as AddressInfo).port);
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
    this.general.drain();
    const closed = Promise.all([
      new Promise<void>((resolve) => this.general.server.close(() => resolve())),
      this.tls?.close(),
    ]);
    const unasked = setTimeout(() => this.general.endUnasked(), LAST_HEADS_MS);
    const timer = setTimeout(() => {
      this.lanes.http1?.destroy();
      this.lanes.http2?.destroy();
      this.limits.destroy();
    }, timeoutMs);
    await closed;
    clearTimeout(unasked);
    clearTimeout(timer);
  }
}

/** Nothing else was read before, and what is spoken was not agreed on by ALPN. */
function isFirst(socket: Duplex, bytes: Buffer): socket is Socket {
  return socket instanceof Socket && socket.bytesRead === bytes.length && !('encrypted' in socket);
}
