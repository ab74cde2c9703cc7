import { InterimCount } from '../../interim';
import type { FailureReason } from '../../outcome';
import type { LaneClock } from '../clock';
import type { HeadScanner } from '../message/head-scanner';
import type { ReplyHead } from '../message/reply-head';
import { INCOMPLETE, MALFORMED, ReplyReader } from '../message/reply-reader';
import type { Input } from '../sockets/input';
import type { Outbox } from '../sockets/outbox';
import type { Address } from './upstream-pool';
import { UpstreamWire, type UpstreamOwner } from '../sockets/upstream-wire';

/** Whom a connection to an instance works for at the moment. */
export interface UpstreamUser {
  readonly toHead: boolean;
  /** Everything of the request was handed to the connection. */
  readonly requestComplete: boolean;
  onConnect(): void;
  onInterim(reply: ReplyHead): void;
  onReply(reply: ReplyHead): void;
  /** Bytes of the body, framed as they came, valid during the call (see `Input`). */
  onBody(input: Input, bytes: Buffer, from: number, to: number): void;
  /** Everything that was read by now was told. */
  onFlush(): void;
  /** The reply is complete; the connection is no longer the user's. */
  onReplyEnd(): void;
  onDrain(): void;
  /** The connection is closed and the reply is not complete. */
  onClosed(upstream: UpstreamConnection): void;
}

/** Where a connection goes when it is free or gone. */
export interface UpstreamHome {
  readonly clock: LaneClock;
  readonly outbox: Outbox;
  readonly scanner: HeadScanner;
  readonly reusesBuffers: boolean;
  free(upstream: UpstreamConnection, idleSeconds: number | null): void;
  closed(upstream: UpstreamConnection): void;
  fault(error: unknown): void;
}

/** One connection to an instance, for one exchange after the other (RFC 9112 4, 6, 9). */
export class UpstreamConnection implements UpstreamOwner {
  readonly wire: UpstreamWire;
  connected = false;
  /** Somebody used it before the present user. */
  reused = false;
  /** No byte of a reply to the present user arrived. */
  silent = true;
  failure: { readonly reason: FailureReason; readonly error: Error } | null = null;
  /** Monotonic milliseconds; for the pool. */
  idleUntil = 0;
  private user: UpstreamUser | null = null;
  private readonly reader: ReplyReader;
  private reply: ReplyHead | null = null;
  private partial: Buffer | null = null;
  /** null: the present user got none. */
  private interims: InterimCount | null = null;

  constructor(
    readonly address: Address,
    private readonly home: UpstreamHome,
  ) {
    this.reader = new ReplyReader(home.scanner);
    this.wire = new UpstreamWire(address.host, address.port, this, home.reusesBuffers, home.outbox);
  }

  begin(user: UpstreamUser): void {
    this.user = user;
    this.reused = this.connected;
    this.silent = true;
    this.reply = null;
    this.interims = null;
    this.reader.body.begin('none', 0, false);
  }

  /** Gives the exchange up; `onClosed` follows. */
  fail(reason: FailureReason, error: Error): void {
    this.failure ??= { reason, error };
    this.wire.socket.destroy();
  }

  onConnect(): void {
    this.home.clock.tick();
    this.connected = true;
    this.user?.onConnect();
  }

  onDrain(): void {
    this.home.clock.tick();
    this.user?.onDrain();
  }

  onError(error: Error): void {
    this.fail(this.connected ? 'broken' : 'connect', error);
  }

  onRead(bytes: Buffer, to: number): void {
    if (this.user === null || this.wire.unsent) {
      // Nobody asked yet: what would be taken for the next reply was not made for it (RFC 9112 9.2).
      this.wire.socket.destroy();
      return;
    }
    this.silent = false;
    this.home.clock.tick();
    try {
      this.read(bytes, to);
    } catch (error) {
      this.home.fault(error);
      this.fail('broken', error as Error);
    }
  }

  private read(arrived: Buffer, length: number): void {
    let bytes = arrived;
    let to = length;
    if (this.partial !== null) {
      bytes = Buffer.concat([this.partial, arrived.subarray(0, length)]);
      to = bytes.length;
      this.partial = null;
    }
    let at = 0;
    while (this.reply === null) {
      const end = this.readHead(bytes, at, to);
      if (end <= 0) return;
      at = end;
    }
    const { user, reply } = this;
    const { body } = this.reader;
    if (user === null || this.wire.socket.destroyed) return;
    if (!body.done) {
      const end = body.read(bytes, at, to);
      if (end < 0) return this.fail('broken', new Error('malformed chunked body'));
      if (body.keptEnd > at) user.onBody(this.wire.input, bytes, at, body.keptEnd);
      at = end;
    }
    if (body.done) this.finish(user, reply, at < to);
    else user.onFlush();
  }

  /** @returns where the head ends; not positive: no head was found yet, or the exchange was given up */
  private readHead(bytes: Buffer, from: number, to: number): number {
    const { user, reader } = this;
    if (user === null || from === to) return 0;
    const end = reader.read(bytes, from, to, user.toHead);
    const { head } = reader;
    if (end <= 0 || head === null || head.status < 200) return this.noReply(user, end, bytes, from, to);
    this.reply = head;
    reader.body.begin(head.framing, head.length, false);
    user.onReply(head);
    return end;
  }

  private noReply(user: UpstreamUser, end: number, bytes: Buffer, from: number, to: number): number {
    const { head } = this.reader;
    if (end === INCOMPLETE) {
      this.partial = this.wire.input.keep(bytes, from, to);
      return INCOMPLETE;
    }
    // 101 answers an Upgrade, which this lane never sends.
    if (end < 0 || head === null || head.status === 101) {
      const what = end < 0 && end !== MALFORMED ? 'response head too large' : 'malformed response head';
      this.fail('broken', new Error(what));
      return INCOMPLETE;
    }
    const fault = (this.interims ??= new InterimCount()).fault();
    if (fault !== null) {
      this.fail('broken', fault);
      return INCOMPLETE;
    }
    // 100 answers an expectation, which this lane never sends (RFC 9110 10.1.1).
    if (head.status !== 100) user.onInterim(head);
    return end;
  }

  /** @param excess bytes follow that belong to no reply */
  private finish(user: UpstreamUser, reply: ReplyHead, excess: boolean): void {
    const { socket } = this.wire;
    const fit = reply.keepAlive && !excess && user.requestComplete && socket.writableLength === 0;
    this.user = null;
    this.reply = null;
    this.wire.rest();
    if (fit) this.home.free(this, reply.idleSeconds);
    else socket.destroy();
    user.onReplyEnd();
  }

  onEnd(): void {
    this.home.clock.tick();
    const { user, reply } = this;
    const { body } = this.reader;
    if (user !== null && reply !== null && body.framing === 'until-close') {
      body.done = true;
      this.finish(user, reply, false);
    } else {
      this.wire.socket.destroy();
    }
  }

  onClose(): void {
    this.home.clock.tick();
    this.home.closed(this);
    const { user } = this;
    this.user = null;
    user?.onClosed(this);
  }
}
