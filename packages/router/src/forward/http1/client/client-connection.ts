import type { Socket } from 'node:net';
import { MALFORMED, type Refusal } from '../../../accept/client-error';
import type { Answer } from '../../../respond';
import type { Admittance } from '../admission/admittance';
import type { ExchangeClient } from '../exchange/exchange-client';
import { LaneExchange } from '../exchange/lane-exchange';
import type { LaneHead } from '../lane-head';
import type { LaneParts } from '../lane-parts';
import { ClientWire, type WireOwner } from '../sockets/client-wire';
import type { ConnectionHome } from './connection-home';
import { breakOff, finish, refuse, type EndingOwner } from './ending';
import { OwnAnswer, type AnsweringOwner } from './own-answer';
import { checkPatience } from './patience';
import { admitRequest, type AdmissionOwner, type Current, type RequestBytes } from './request-admission';
import { RequestBody } from './request-body';
import { RequestIntake, type IntakeOwner } from './request-intake';
import { Lending, type LendingOwner } from './lending';
import type { State } from './state';

/** A connection that has served so many requests lives: it is worth buffers that are used again. */
const REQUESTS_OF_A_LIVELY_ONE = 2;

/**
 * One connection of a client: requests in their order, one at a time (RFC 9112 9.3), each with its body to its end, and
 * its response. Reading pauses where nobody wants the bytes yet.
 */
export class ClientConnection
  implements WireOwner, IntakeOwner, AdmissionOwner, ExchangeClient, AnsweringOwner, LendingOwner, EndingOwner
{
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
  private readonly own = new OwnAnswer(this);
  private keepAlive = true;
  private served = 0;
  private lending: Lending | null = null;

  constructor(
    socket: Socket,
    readonly home: ConnectionHome,
  ) {
    const { parts } = home;
    this.parts = parts;
    this.since = parts.clock.tick();
    this.stallMs = parts.options.timeouts.streamingTimeoutMs;
    // What comes over TLS is decrypted by node, into buffers of its own.
    const buffers = 'encrypted' in socket ? null : parts.buffers;
    this.wire = new ClientWire(socket, this, parts.clock, buffers, parts.outbox);
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
    if (this.lending !== null) {
      this.intake.hold(bytes, this.lending.take(bytes, 0, to), to);
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
    if (exchange.upload.reads && at === to) this.resume();
    exchange.start();
    return at;
  }

  /** @returns up to where the bytes were used; what follows belongs to the next request */
  private readBody(bytes: Buffer, from: number, to: number): number {
    const { body, exchange } = this;
    if (from === to || body.done) return from;
    const end = body.read(bytes, from, to);
    if (end < 0) {
      this.refuse(MALFORMED);
      return to;
    }
    if (exchange !== null) {
      exchange.upload.complete = body.done;
      if (body.keptEnd > from) exchange.onUpload(this.wire.input, bytes, from, body.keptEnd);
      const { bodyLimit } = exchange.facts;
      if (bodyLimit > 0 && body.chunkedLength > bodyLimit)
        exchange.giveUp('too-large', 'request body too large');
    }
    return end;
  }

  // Answers of our own, and the end of a request

  rendered(error: unknown): Answer {
    return this.own.render(error);
  }

  answerNow(answer: Answer, { bytes, bodyFrom, to }: RequestBytes): number {
    if (this.current !== null) this.body.begin(this.current.head.fields);
    this.own.begin(answer);
    const at = this.readBody(bytes, bodyFrom, to);
    if (this.state === 'draining') this.own.proceed();
    return at;
  }

  answerError(error: unknown): void {
    if (this.gone) return;
    this.own.begin(this.own.render(error));
    this.own.proceed();
  }

  /** Goes on if enough of the rest of a body was dropped. */
  drained(): void {
    this.own.proceed();
  }

  endAfter(): void {
    this.keepAlive = false;
  }

  /** The next request, or the end. */
  next(): void {
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
    this.own.begin(null);
    this.own.proceed();
  }

  breakOff(): void {
    breakOff(this);
  }

  // Ends

  finish(): void {
    finish(this);
  }

  refuse(refusal: Refusal): void {
    refuse(this, refusal);
  }

  /** What begins here is not understood here: another server has the connection from now on. */
  handOver({ bytes, start, to }: RequestBytes): number {
    const { wire, intake } = this;
    const kept = wire.input.keep(bytes, start, to);
    intake.release();
    if (wire.reuses) {
      this.lend(null, kept);
    } else {
      this.state = 'gone';
      wire.release();
      this.home.handOver(this, wire.socket, kept);
    }
    return to;
  }

  /** Another server answers this one request. */
  handOverOne({ bytes, start, bodyFrom, to }: RequestBytes): number {
    const head = Buffer.from(bytes.subarray(start, bodyFrom));
    this.lend(this.current?.head ?? null, head);
    return this.lending === null ? bodyFrom : this.lending.take(bytes, bodyFrom, to);
  }

  private lend(head: LaneHead | null, bytes: Buffer): void {
    this.state = 'lent';
    this.lending = new Lending(this.wire, this, head);
    this.home.handOver(this, this.lending.socket, bytes);
  }

  takeBack(): void {
    this.parts.clock.tick();
    this.lending = null;
    this.next();
  }

  /**
   * No further request is to come: an idle connection ends now, another one with its response. One that is new, or has sent
   * half a head, has a moment; see `checkPatience`.
   */
  drain(): void {
    if (this.idle) this.finish();
    else this.watch();
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
    if (this.lending !== null) this.lending.end();
    else if (this.state === 'closing') this.wire.destroySoon();
    else if (this.state === 'head' && this.intake.empty) this.finish();
    else if (this.state === 'head' || !this.body.done) this.refuse(MALFORMED);
  }

  onClose(): void {
    this.state = 'gone';
    this.home.closed(this);
    this.lending?.close();
    this.exchange?.onClientGone();
  }
}
