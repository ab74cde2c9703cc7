import type { Socket } from 'node:net';
import { WaiterError } from '@waiter/core';
import { newUniqueId, rawRefusal, refusalOf } from '../../../accept';
import type { Answer } from '../../../respond';
import type { Admittance } from '../admission/admittance';
import type { ExchangeClient } from '../exchange/exchange-client';
import { LaneExchange } from '../exchange/lane-exchange';
import type { LaneHead } from '../lane-head';
import type { LaneParts } from '../lane-parts';
import { ClientWire, type WireOwner } from '../sockets/client-wire';
import { LentSocket } from '../sockets/lent-socket';
import { answerText } from './answer-text';
import type { ConnectionHome } from './connection-home';
import { checkPatience } from './patience';
import { admitRequest, type AdmissionOwner, type Current, type RequestBytes } from './request-admission';
import { RequestBody } from './request-body';
import { RequestIntake, type IntakeOwner } from './request-intake';
import type { State } from './state';

/** A connection that has served so many requests lives: it is worth buffers that are used again. */
const REQUESTS_OF_A_LIVELY_ONE = 2;

/**
 * One connection of a client: requests in their order, one at a time (RFC 9112 9.3), each with its body to its end, and
 * its response. Reading pauses where nobody wants the bytes yet.
 */
export class ClientConnection implements WireOwner, IntakeOwner, AdmissionOwner, ExchangeClient {
  readonly parts: LaneParts;
  readonly wire: ClientWire;
  readonly intake: RequestIntake;
  readonly body = new RequestBody();
  state: State = 'head';
  exchange: LaneExchange | null = null;
  /** The present request; the last one, when there is none. */
  current: Current | null = null;
  /** When the present state began, where that matters. Monotonic milliseconds, as all times here. */
  since: number;
  /** When the client ended its side; 0: not yet. */
  endedAt = 0;
  /** A client may take nothing for so long. */
  stallMs: number;
  /** The lane looks often whether somebody takes too long. */
  watched = false;
  private answer: Answer | null = null;
  private keepAlive = true;
  private served = 0;
  private lent: LentSocket | null = null;

  constructor(
    socket: Socket,
    private readonly home: ConnectionHome,
  ) {
    const { parts } = home;
    this.parts = parts;
    this.since = parts.clock.tick();
    this.stallMs = parts.options.timeouts.streamingTimeoutMs;
    // What comes over TLS is decrypted by node, into buffers of its own.
    const buffers = 'encrypted' in socket ? null : parts.buffers;
    this.wire = new ClientWire(socket, this, parts.clock, buffers);
    this.intake = new RequestIntake(this);
    this.watch();
  }

  get gone(): boolean {
    return this.state === 'gone' || this.state === 'closing';
  }

  /** Nothing of a request is here. */
  get idle(): boolean {
    return this.state === 'head' && this.intake.headAt === 0;
  }

  get expectsBody(): boolean {
    return (this.state === 'exchange' || this.state === 'draining') && !this.body.done;
  }

  /** Whether another request may follow the present one. */
  private keepsAlive(): boolean {
    if (this.home.draining || this.endedAt > 0) this.keepAlive = false;
    return this.keepAlive;
  }

  connectionText(): string {
    const { connectionTexts } = this.parts;
    return this.keepsAlive() ? connectionTexts.keepAlive : connectionTexts.close;
  }

  watch(): void {
    if (!this.watched) this.home.watch(this);
  }

  // From the first byte of a request to its exchange

  onRead(bytes: Buffer, to: number): void {
    this.parts.clock.tick();
    try {
      this.take(bytes, to);
    } catch (error) {
      this.fault(error);
    }
  }

  private take(bytes: Buffer, to: number): void {
    if (this.lent !== null) {
      if (!this.lent.feed(this.wire.input.keep(bytes, 0, to))) this.wire.pause();
    } else if (this.expectsBody) {
      this.intake.hold(bytes, this.readBody(bytes, 0, to), to);
      if (this.state === 'draining') this.drained();
    } else if (!this.gone) {
      this.intake.take(bytes, to);
    }
  }

  begin(head: LaneHead, from: RequestBytes): number {
    this.served += 1;
    this.keepAlive = head.fields.keepAlive;
    return admitRequest(this, head, from);
  }

  suspend({ bytes, start, bodyFrom, to }: RequestBytes): (goOn: (from: RequestBytes) => number) => void {
    this.state = 'admitting';
    this.wire.pause();
    this.intake.keep(bytes, start, to);
    return (goOn) => {
      const whole = this.intake.release();
      if (this.gone || whole === null) return;
      this.parts.clock.tick();
      const { length } = whole;
      this.intake.hold(
        whole,
        goOn({ bytes: whole, start: 0, bodyFrom: bodyFrom - start, to: length }),
        length,
      );
      if (this.state === 'head') this.next();
    };
  }

  exchangeWith(
    { head, facts }: Current,
    admitted: Admittance,
    { bytes, bodyFrom, to }: RequestBytes,
  ): number {
    const { body } = this;
    body.begin(head.fields);
    const exchange = new LaneExchange(this.parts, this, head, facts, admitted);
    this.exchange = exchange;
    this.state = 'exchange';
    this.stallMs = (facts.timeouts ?? this.parts.options.timeouts).streamingTimeoutMs;
    exchange.upload.complete = body.done;
    const at = this.readBody(bytes, bodyFrom, to);
    // A malformed body may have ended it already.
    if (this.exchange !== exchange) return to;
    if (body.done && at === to) this.resume();
    exchange.start();
    return at;
  }

  /** @returns up to where the bytes were used; what follows belongs to the next request */
  private readBody(bytes: Buffer, from: number, to: number): number {
    const { body, exchange } = this;
    if (from === to || body.done) return from;
    const end = body.read(bytes, from, to);
    if (end < 0) {
      this.refuse('HPE_INVALID_CHUNK_SIZE');
      return to;
    }
    if (exchange !== null) {
      exchange.upload.complete = body.done;
      if (body.keptEnd > from) exchange.onUpload(this.wire.input, bytes, from, body.keptEnd);
    }
    return end;
  }

  // Answers of our own, and the end of a request

  answerNow(answer: Answer, { bytes, bodyFrom, to }: RequestBytes): number {
    if (this.current !== null) this.body.begin(this.current.head.fields);
    this.answer = answer;
    this.dropRest();
    const at = this.readBody(bytes, bodyFrom, to);
    if (this.state === 'draining') this.drained();
    return at;
  }

  answerError(error: unknown): void {
    if (this.gone) return;
    this.answer = this.rendered(error);
    this.dropRest();
    this.drained();
  }

  rendered(error: unknown): Answer {
    const { responder, onFault } = this.parts;
    if (!(error instanceof WaiterError)) onFault(error);
    if (this.current === null) throw error;
    return responder.render(error, this.current.head, this.current.facts);
  }

  private dropRest(): void {
    this.state = 'draining';
    this.body.drop(this.parts.clock.now);
    this.resume();
  }

  /** Goes on if enough of the rest of the body was dropped. */
  drained(): void {
    const { body, parts } = this;
    if (!body.isDropped(performance.now(), parts.options.limits)) return;
    if (!body.done) this.keepAlive = false;
    const { answer, current } = this;
    this.answer = null;
    if (answer !== null && current !== null) {
      const headers = parts.responder.announce(answer, current.head, current.facts);
      this.wire.write(answerText(answer, headers, current.head.method, this.connectionText()));
    }
    this.next();
  }

  /** The next request, or the end. */
  private next(): void {
    const { intake, wire } = this;
    if (!this.keepsAlive()) return this.finish();
    if (wire.blockedAt > 0) {
      this.state = 'flushing';
      return;
    }
    this.state = 'head';
    this.since = this.parts.clock.now;
    if (intake.serving) return;
    if (this.served >= REQUESTS_OF_A_LIVELY_ONE && intake.empty) wire.reuseBuffers();
    intake.serveKept();
    if (this.state === 'head') wire.resume();
  }

  // What the exchange asks for

  pause(): void {
    this.wire.pause();
  }

  /** Reads on, unless what was read already has to wait for its turn. */
  resume(): void {
    if (this.intake.empty) this.wire.resume();
  }

  exchangeOver(): void {
    this.exchange = null;
  }

  replied(): void {
    if (this.gone) return;
    if (this.body.done) return this.next();
    // The instance answered before it had read everything, and reads no more.
    this.dropRest();
    this.drained();
  }

  /** What is written is still sent, and then the client sees that something is missing. */
  breakOff(): void {
    this.state = 'closing';
    this.since = performance.now();
    this.wire.socket.destroySoon();
  }

  // Ends

  /** Ends our side; what the client still sends is dropped, so that it can read what was said (RFC 9112 9.6). */
  finish(): void {
    this.state = 'closing';
    this.since = performance.now();
    this.intake.release();
    this.watch();
    this.wire.resume();
    if (this.endedAt > 0) this.wire.socket.destroySoon();
    else this.wire.socket.end();
  }

  /** Bytes that make no request: whatever follows them means nothing either (RFC 9112 2.2, 11). */
  refuse(code: string): void {
    const { exchange, wire } = this;
    const refusal = refusalOf(code);
    if (exchange?.reply.headSent === true) {
      this.state = 'closing';
      wire.socket.destroy();
    } else {
      const headers = { server: this.parts.product, 'x-cid': newUniqueId() };
      if (refusal !== null) wire.write(rawRefusal(refusal, headers));
      this.finish();
    }
    exchange?.onClientGone();
  }

  handOver(bytes: Buffer, from: number, to: number): number {
    const { wire } = this;
    const kept = wire.input.keep(bytes, from, to);
    this.intake.release();
    if (wire.reuses) {
      this.state = 'lent';
      this.lent = new LentSocket(wire.socket, () => wire.resume());
      this.home.handOver(this, this.lent, kept);
    } else {
      this.state = 'gone';
      wire.release();
      this.home.handOver(this, wire.socket, kept);
    }
    return to;
  }

  /** No further request is to come: an idle connection ends now, another one with its response. */
  drain(): void {
    if (this.state === 'head' && this.intake.empty) this.finish();
  }

  destroy(): void {
    this.wire.socket.destroy();
  }

  fault(error: unknown): void {
    this.parts.onFault(error);
    this.wire.socket.destroy();
  }

  check(now: number): void {
    checkPatience(this, now);
  }

  onDrain(): void {
    this.parts.clock.tick();
    if (this.state === 'exchange') this.exchange?.onClientDrain();
    else if (this.state === 'flushing') this.next();
  }

  /**
   * The client ended its side. In the middle of a request that is the end of it. After a whole request it may still
   * read, or may be gone, which looks the same: it gets what comes soon, see `checkPatience`.
   */
  onEnd(): void {
    this.endedAt = this.parts.clock.tick();
    if (this.lent !== null) this.lent.push(null);
    else if (this.state === 'closing') this.wire.socket.destroySoon();
    else if (this.state === 'head' && this.intake.empty) this.finish();
    else if (this.state === 'head' || !this.body.done) this.refuse('HPE_INVALID_EOF_STATE');
  }

  onClose(): void {
    this.state = 'gone';
    this.home.closed(this);
    this.lent?.destroy();
    this.exchange?.onClientGone();
  }
}
