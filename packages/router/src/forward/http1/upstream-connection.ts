import { connect, type Socket } from 'node:net';
import type { FailureReason } from '../outcome';
import { BodyReader } from './body-reader';
import { INCOMPLETE, MALFORMED, type HeadScanner } from './head-scanner';
import { replyOf, type Reply } from './reply-scan';

/** Whom a connection to an instance works for at the moment. */
export interface UpstreamUser {
  readonly toHead: boolean;
  /** Everything of the request was handed to the connection. */
  readonly requestComplete: boolean;
  onConnect(): void;
  onInterim(reply: Reply): void;
  onReply(reply: Reply): void;
  /** Bytes of the body, framed as they came; after it the bytes belong to the reader. */
  onBody(bytes: Buffer, from: number, to: number): void;
  /** Everything that was read by now was told. */
  onFlush(): void;
  /** The reply is complete; the connection is no longer the user's. */
  onReplyEnd(): void;
  onDrain(): void;
  /** The connection is closed and the reply is not complete. `reused`, `silent`: it may have been dead before. */
  onClosed(upstream: UpstreamConnection): void;
}

/** Where a connection goes when it is free or gone. */
export interface UpstreamHome {
  readonly scanner: HeadScanner;
  free(upstream: UpstreamConnection, idleSeconds: number | null): void;
  closed(upstream: UpstreamConnection): void;
  fault(error: unknown): void;
}

/** One connection to an instance, for one exchange after the other. Reads replies (RFC 9112 4, 6, 9). */
export class UpstreamConnection {
  readonly socket: Socket;
  connected = false;
  /** Somebody used it before the present user. */
  reused = false;
  /** No byte of a reply to the present user arrived. */
  silent = true;
  failure: { readonly reason: FailureReason; readonly error: Error } | null = null;
  /** Monotonic milliseconds; for the pool. */
  idleUntil = 0;
  private user: UpstreamUser | null = null;
  private readonly body = new BodyReader();
  private reply: Reply | null = null;
  private partial: Buffer | null = null;

  constructor(
    readonly key: string,
    host: string,
    port: number,
    private readonly home: UpstreamHome,
  ) {
    this.socket = connect({ host, port, noDelay: true });
    this.socket.on('connect', () => {
      this.connected = true;
      this.user?.onConnect();
    });
    this.socket.on('data', (bytes) => this.onData(bytes));
    this.socket.on('drain', () => this.user?.onDrain());
    this.socket.on('end', () => this.onEnd());
    this.socket.on('error', (error) => this.fail(this.connected ? 'broken' : 'connect', error));
    this.socket.on('close', () => this.onClose());
  }

  begin(user: UpstreamUser): void {
    this.user = user;
    this.reused = this.connected;
    this.silent = true;
    this.reply = null;
    this.body.begin('none', 0, false);
  }

  /** Gives the exchange up; `onClosed` follows. */
  fail(reason: FailureReason, error: Error): void {
    this.failure ??= { reason, error };
    this.socket.destroy();
  }

  private onData(bytes: Buffer): void {
    if (this.user === null) {
      // Nobody asked: what would be taken for the next reply was not made for it (RFC 9112 9.2).
      this.socket.destroy();
      return;
    }
    try {
      this.read(bytes);
    } catch (error) {
      this.home.fault(error);
      this.fail('broken', error as Error);
    }
  }

  private read(arrived: Buffer): void {
    let bytes = arrived;
    let at = 0;
    this.silent = false;
    while (this.reply === null) {
      if (this.partial !== null) {
        bytes = Buffer.concat([this.partial, bytes]);
        this.partial = null;
      }
      const end = this.readHead(bytes, at);
      if (end === INCOMPLETE) return;
      at = end;
    }
    const { user, body, reply } = this;
    if (user === null || this.socket.destroyed) return;
    if (!body.done) {
      const end = body.read(bytes, at);
      if (end < 0) return this.fail('broken', new Error('malformed chunked body'));
      if (body.keptEnd > at) user.onBody(bytes, at, body.keptEnd);
      at = end;
    }
    if (body.done) this.finish(user, reply, at < bytes.length);
    else user.onFlush();
  }

  /** @returns where the head ends; INCOMPLETE: no head was found yet, or the exchange was given up */
  private readHead(bytes: Buffer, from: number): number {
    const { scanner } = this.home;
    const { user } = this;
    if (user === null) return INCOMPLETE;
    const end =
      from === bytes.length
        ? INCOMPLETE
        : scanner.scan(bytes, from, Math.min(bytes.length, from + scanner.maxBytes));
    if (end === INCOMPLETE) {
      if (bytes.length - from >= scanner.maxBytes) this.fail('broken', new Error('response head too large'));
      else if (from < bytes.length) this.partial = from === 0 ? bytes : bytes.subarray(from);
      return INCOMPLETE;
    }
    if (end !== MALFORMED) scanner.read(bytes, from, end);
    const reply = end === MALFORMED ? null : replyOf(scanner, user.toHead);
    // 101 answers an Upgrade, which this lane never sends.
    if (reply === null || reply.status === 101) {
      this.fail('broken', new Error('malformed response head'));
      return INCOMPLETE;
    }
    if (reply.status < 200) {
      // 100 answers an expectation, which this lane never sends (RFC 9110 10.1.1).
      if (reply.status !== 100) user.onInterim(reply);
      return end;
    }
    this.reply = reply;
    this.body.begin(reply.framing, reply.length, false);
    user.onReply(reply);
    return end;
  }

  /** @param excess bytes follow that belong to no reply */
  private finish(user: UpstreamUser, reply: Reply, excess: boolean): void {
    const fit = reply.keepAlive && !excess && user.requestComplete && this.socket.writableLength === 0;
    this.user = null;
    this.reply = null;
    if (fit) this.home.free(this, reply.idleSeconds);
    else this.socket.destroy();
    user.onReplyEnd();
  }

  private onEnd(): void {
    const { user, reply } = this;
    if (user !== null && reply !== null && this.body.framing === 'until-close') {
      this.body.done = true;
      this.finish(user, reply, false);
    } else {
      this.socket.destroy();
    }
  }

  private onClose(): void {
    this.home.closed(this);
    const { user } = this;
    this.user = null;
    user?.onClosed(this);
  }
}
