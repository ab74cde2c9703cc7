import {
  connect,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type OutgoingHttpHeaders,
} from 'node:http2';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { BackendTls } from '../agents';
import { servernameOf } from '../agents';

export interface SessionTarget {
  readonly protocol: 'http:' | 'https:';
  readonly host: string;
  readonly port: number;
}

export interface SessionOptions {
  readonly connectTimeoutMs: number;
  readonly responseHeadBytes: number;
  readonly tls: BackendTls;
}

/** Where a session goes when something happens to it. */
export interface SessionHome {
  /** Streams can be opened now. */
  ready(session: InstanceSession): void;
  /** A stream ended: there is room for another one. */
  freed(session: InstanceSession): void;
  /** It takes no more streams. `error`: it never took any. */
  gone(session: InstanceSession, error: Error | null): void;
}

/** Bytes that an instance may send ahead of a slow client, per stream and in all. */
const STREAM_WINDOW = 262_144;
const SESSION_WINDOW = 1_048_576;
/** However many an instance allows: the connection is one queue. */
const MAX_STREAMS = 1_000;
const MAX_HEADER_PAIRS = 1_000;
/** A session that was silent for longer is asked whether it lives when it is used again. */
const SILENT_MS = 1_000;
const KEEP_ALIVE_MS = 30_000;

/** One connection of HTTP/2 to an instance. Takes streams when the instance has said how many (RFC 9113 5.1.2). */
export class InstanceSession {
  readonly session: ClientHttp2Session;
  /** Monotonic milliseconds since when it has no stream; for the pool. */
  idleSince = performance.now();
  streams = 0;
  /** Streams that were ever opened. */
  opened = 0;
  private limit: number | null = null;
  private closing = false;
  private readonly socket: Socket;
  private heardBytes = 0;
  private heardAt = performance.now();
  private probe: NodeJS.Timeout | undefined;
  private readonly connecting: NodeJS.Timeout;

  constructor(
    readonly key: string,
    /** Later ones have greater numbers. */
    readonly number: number,
    { protocol, host, port }: SessionTarget,
    private readonly options: SessionOptions,
    private readonly home: SessionHome,
  ) {
    const { connectTimeoutMs, responseHeadBytes, tls } = options;
    const address = { host, port, noDelay: true };
    this.socket =
      protocol === 'http:'
        ? connectTcp(address)
        : connectTls({ ...address, ...tls, servername: servernameOf(host), ALPNProtocols: ['h2'] });
    this.socket.setKeepAlive(true, KEEP_ALIVE_MS);
    this.session = connect(`${protocol}//${host.includes(':') ? `[${host}]` : host}:${port}`, {
      createConnection: () => this.socket,
      maxHeaderListPairs: MAX_HEADER_PAIRS,
      settings: {
        enablePush: false,
        initialWindowSize: STREAM_WINDOW,
        maxHeaderListSize: responseHeadBytes,
      },
    });
    this.connecting = setTimeout(() => this.breakOff(new Error('connect timeout')), connectTimeoutMs);
    this.session.once('connect', () => this.session.setLocalWindowSize(SESSION_WINDOW));
    this.session.on('remoteSettings', ({ maxConcurrentStreams }) => this.onSettings(maxConcurrentStreams));
    this.session.once('goaway', () => this.retire());
    this.session.once('error', (error: Error) => this.retire(error));
    this.session.once('close', () => this.retire());
  }

  private onSettings(maxConcurrentStreams: number | undefined): void {
    clearTimeout(this.connecting);
    this.limit = Math.min(maxConcurrentStreams ?? MAX_STREAMS, MAX_STREAMS);
    this.home.ready(this);
  }

  /** Nobody knows yet whether the instance answers. */
  get isConnecting(): boolean {
    return this.limit === null && !this.closing;
  }

  get hasRoom(): boolean {
    const { closed, destroyed } = this.session;
    return !this.closing && !closed && !destroyed && this.streams < (this.limit ?? 0);
  }

  get destroyed(): boolean {
    return this.session.destroyed;
  }

  /** @throws Error when a header cannot be sent */
  request(fields: OutgoingHttpHeaders, hasBody: boolean): ClientHttp2Stream {
    this.listen();
    // Waiting for trailers keeps node from ending the body cleanly when it is cut off.
    const stream = this.session.request(fields, { endStream: !hasBody, waitForTrailers: hasBody });
    this.streams += 1;
    this.opened += 1;
    stream.once('close', () => {
      this.streams -= 1;
      if (this.streams === 0) this.idleSince = performance.now();
      this.home.freed(this);
    });
    return stream;
  }

  /** Asks a session that was silent whether it lives, while the request is on its way already. */
  private listen(): void {
    const now = performance.now();
    const { bytesRead } = this.socket;
    const silent = bytesRead === this.heardBytes && now - this.heardAt > SILENT_MS && this.opened > 0;
    if (bytesRead !== this.heardBytes) this.heardAt = now;
    this.heardBytes = bytesRead;
    if (!silent || this.probe !== undefined) return;
    this.session.ping(() => undefined);
    this.probe = setTimeout(() => {
      this.probe = undefined;
      if (this.socket.bytesRead === bytesRead) this.breakOff(new Error('no answer to a PING'));
    }, this.options.connectTimeoutMs);
  }

  /** Node leaves a connection open that its session was still waiting for, until the system gives it up. */
  private breakOff(error?: Error): void {
    const { connecting } = this.session;
    this.session.destroy(error);
    if (connecting) this.socket.destroy();
  }

  private retire(error: Error | null = null): void {
    clearTimeout(this.connecting);
    if (this.closing) return;
    this.closing = true;
    clearTimeout(this.probe);
    this.home.gone(this, this.limit !== null ? null : (error ?? new Error('connection closed')));
  }

  /** Ends it when its streams have ended. */
  close(): void {
    this.retire();
    this.session.close();
  }

  destroy(): void {
    this.retire();
    this.breakOff();
  }
}
