import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import { WaiterError } from '@waiter/core';
import type { HeadSource } from '../../accept';
import { TOO_MANY_REQUESTS } from '../../accept/client-error';
import { RequestRate } from '../../accept/request-rate';
import { readHead, type HeadLimits, type Http2Head } from './request-head';
import { SessionGuard } from './session-guard';
import { StreamExchange } from './stream-exchange';

const MAX_STREAM_ID = 2 ** 31 - 1;
/**
 * A client that was told of the end has so long to hear of it before its new streams are refused, which it may send again
 * elsewhere. (That of node answers no PING any more when it has heard.)
 */
const NOTICE_MS = 1_000;
const IDLE_NOTICE_MS = 200;
/** Bytes that a client may send ahead of a slow instance, over all its streams. */
const SESSION_WINDOW = 1_048_576;
/** node:http2 ends its side of a closed session and waits for the client's, which may never come. */
const LINGER_MS = 2_000;

export interface ClientSessionOptions extends HeadLimits {
  /** Of one connection; 0: any number. */
  readonly requestsPerSecond: number;
  readonly requestHeadTimeoutMs: number;
  readonly clientIdleTimeoutMs: number;
  readonly streamingTimeoutMs: number;
  readonly onExchange: (exchange: StreamExchange) => void;
  readonly onAbuse: (kind: string) => void;
}

/** One connection of a client that speaks HTTP/2. */
export class ClientSession {
  private readonly guard: SessionGuard;
  /** What is said of the connection after it is gone, too. */
  private readonly source: HeadSource['socket'];
  private readonly exchanges = new Set<StreamExchange>();
  private readonly rate = new RequestRate();
  /** Monotonic milliseconds since when it has no stream. */
  private idleSince = performance.now();
  private begun = false;
  private draining = false;
  /** Monotonic milliseconds; 0: the session is not over yet. */
  private overSince = 0;

  constructor(
    private readonly session: ServerHttp2Session,
    private readonly socket: Socket,
    private readonly options: ClientSessionOptions,
  ) {
    const { remoteAddress, localPort } = socket;
    const encrypted = 'encrypted' in socket && socket.encrypted === true;
    this.source = { remoteAddress, localPort, encrypted };
    this.guard = new SessionGuard(session, socket, options.onAbuse);
    session.setLocalWindowSize(SESSION_WINDOW);
    session.once('remoteSettings', () => (this.begun = true));
    session.on('error', () => undefined); // 'close' tells
    socket.once('end', () => this.onEnd());
  }

  open(stream: ServerHttp2Stream, endStream: boolean, raw: readonly string[]): void {
    const { options, guard } = this;
    const head = this.allowed(readHead(raw, this.source, options));
    guard.onUseful(head.bytes);
    // Opened and reset in one breath.
    if (stream.destroyed || stream.closed) {
      if (!endStream) guard.onUnread();
      return guard.onReset();
    }
    const exchange = new StreamExchange(stream, head, endStream, options.streamingTimeoutMs, guard);
    this.exchanges.add(exchange);
    stream.once('close', () => {
      this.exchanges.delete(exchange);
      if (this.exchanges.size === 0) this.idleSince = performance.now();
      if (exchange.takenBack) guard.onReset();
      if (exchange.cutShort) guard.onUnread();
    });
    options.onExchange(exchange);
  }

  /** One request too many is refused alone: those that are under way on the same connection go on. */
  private allowed(head: Http2Head): Http2Head {
    if (this.rate.allows(performance.now(), this.options.requestsPerSecond)) return head;
    const { status, words } = TOO_MANY_REQUESTS;
    return { ...head, fault: new WaiterError(words, { status, errorCause: 'client-error' }) };
  }

  /** Looks whether it is idle, slow or abusive. @param now monotonic milliseconds */
  check(now: number): void {
    this.guard.check(now, this.unread);
    if (this.session.destroyed) return this.linger(now);
    if (this.exchanges.size > 0) return;
    const { requestHeadTimeoutMs, clientIdleTimeoutMs } = this.options;
    const silentMs = now - this.idleSince;
    if (silentMs >= (this.begun ? clientIdleTimeoutMs : requestHeadTimeoutMs)) this.session.close();
  }

  /** No new streams, in two steps (RFC 9113 6.8): those that are on their way when the client hears of it are still served. */
  drain(): void {
    if (this.draining || this.session.destroyed) return;
    this.draining = true;
    if (this.exchanges.size === 0 && !this.begun) return this.session.destroy();
    this.session.goaway(0, MAX_STREAM_ID);
    const close = (): void => {
      clearTimeout(timer);
      this.session.close();
    };
    const timer = setTimeout(close, this.exchanges.size === 0 ? IDLE_NOTICE_MS : NOTICE_MS);
    // The answer to a PING comes after everything that was sent before the client read the notice.
    this.session.ping(close);
  }

  /**
   * The client sends no more. HTTP/2 knows no half of a connection: it cannot take what it asked for, and nothing else
   * would tell so, since node leaves the other half open.
   */
  private onEnd(): void {
    if (this.exchanges.size === 0) this.session.close();
    else this.session.destroy();
  }

  /** Bytes of bodies that nobody has read so far: their requests wait, or their instances are slow. */
  private get unread(): number {
    let bytes = 0;
    for (const { unread } of this.exchanges) bytes += unread;
    return bytes;
  }

  private linger(now: number): void {
    if (this.overSince === 0) this.overSince = now;
    else if (now - this.overSince >= LINGER_MS) this.socket.destroy();
  }

  destroy(): void {
    this.session.destroy();
    this.socket.destroy();
  }
}
