import type { Socket } from 'node:net';
import { WaiterError } from '@waiter/core';
import { newFacts, newUniqueId, rawRefusal, refusalOf } from '../../../accept';
import type { Admitted } from '../../../admission';
import type { Answer } from '../../../respond';
import { admittance, type Admittance } from '../admission/admittance';
import { LaneExchange, type ExchangeClient } from '../exchange/lane-exchange';
import { connectionLines } from '../head-text';
import { LaneHead } from '../lane-head';
import { INCOMPLETE, ODD, RequestReader, TOO_LARGE } from '../message/request-reader';
import { ClientWire, type WireOwner } from '../sockets/client-wire';
import { LentSocket } from '../sockets/lent-socket';
import { answerText } from './answer-text';
import { Backlog } from './backlog';
import type { ConnectionHome } from './connection-home';
import { checkPatience } from './patience';
import { RequestBody } from './request-body';
import type { State } from './state';

/** A connection that has served so many requests lives: it is worth buffers that are used again. */
const REQUESTS_OF_A_LIVELY_ONE = 2;

/** A request and what is known of it. */
interface Current {
  readonly head: LaneHead;
  readonly facts: ReturnType<typeof newFacts>;
}

/**
 * One connection of a client: requests in their order, one at a time (RFC 9112 9.3), each with its body to its end, and
 * its response. Reading pauses where nobody wants the bytes yet.
 */
export class ClientConnection implements WireOwner, ExchangeClient {
  readonly wire: ClientWire;
  state: State = 'head';
  exchange: LaneExchange | null = null;
  readonly body = new RequestBody();
  /** When the first byte of an unfinished head came; 0: there is none. Monotonic milliseconds, as all times here. */
  headAt: number;
  /** When the present state began, where that matters. */
  since: number;
  /** When the client ended its side; 0: not yet. */
  endedAt = 0;
  /** A client may take nothing for so long. */
  stallMs: number;
  /** The lane looks often whether somebody takes too long. */
  watched = false;
  private readonly reader: RequestReader;
  private readonly backlog = new Backlog();
  private current: Current | null = null;
  private answer: Answer | null = null;
  private keepAlive = true;
  private served = 0;
  private serving = false;
  private lent: LentSocket | null = null;

  constructor(
    socket: Socket,
    readonly home: ConnectionHome,
  ) {
    const { parts } = home;
    // What comes over TLS is decrypted by node, into buffers of its own.
    const buffers = 'encrypted' in socket ? null : parts.buffers;
    this.wire = new ClientWire(socket, this, parts.clock, buffers);
    this.reader = new RequestReader(parts.scanner);
    this.headAt = this.since = parts.clock.tick();
    this.stallMs = parts.options.timeouts.streamingTimeoutMs;
    home.watch(this);
  }

  get gone(): boolean {
    return this.state === 'gone' || this.state === 'closing';
  }

  /** Nothing of a request is here. */
  get idle(): boolean {
    return this.state === 'head' && this.headAt === 0;
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
    return connectionLines(this.keepsAlive(), this.home.parts.clientIdleSeconds);
  }

  // Reading

  onRead(bytes: Buffer, to: number): void {
    this.home.parts.clock.tick();
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
      this.await(bytes, this.readBody(bytes, 0, to), to);
      if (this.state === 'draining') this.drained();
    } else if (this.state === 'head' && this.backlog.empty) {
      this.await(bytes, this.serve(bytes, 0, to), to);
    } else if (!this.gone) {
      this.backlog.add(this.wire.input, bytes, 0, to);
      if (this.state === 'head') this.serveBacklog();
      else this.wire.pause();
    }
  }

  /** Keeps what cannot be used yet; the client has to wait with more. */
  private await(bytes: Buffer, from: number, to: number): void {
    if (from === to || this.gone) return;
    this.backlog.add(this.wire.input, bytes, from, to);
    this.wire.pause();
  }

  private serveBacklog(): void {
    const bytes = this.backlog.take();
    if (bytes !== null) this.await(bytes, this.serve(bytes, 0, bytes.length), bytes.length);
  }

  /**
   * Serves requests as far as that needs nobody else; the state is then `head` again, hence the loop.
   * @returns up to where the bytes were used
   */
  private serve(bytes: Buffer, from: number, to: number): number {
    let at = from;
    this.serving = true;
    while (this.state === 'head' && at < to) at = this.readRequest(bytes, at, to);
    this.serving = false;
    return at;
  }

  private readRequest(bytes: Buffer, from: number, to: number): number {
    const { reader, wire, home } = this;
    const { clock } = home.parts;
    const end = reader.read(bytes, from, to);
    if (end === INCOMPLETE) {
      this.backlog.add(wire.input, bytes, from, to);
      if (this.headAt === 0) this.headAt = clock.now;
      home.watch(this);
      return to;
    }
    const { fields, start } = reader;
    if (end === ODD || (end > 0 && fields === null)) return this.handOver(bytes, start, to);
    if (end < 0 || fields === null) {
      this.refuse(end === TOO_LARGE ? 'HPE_HEADER_OVERFLOW' : 'HPE_INVALID');
      return to;
    }
    this.headAt = 0;
    this.served += 1;
    this.keepAlive = fields.keepAlive;
    home.watch(this);
    const head = new LaneHead(reader.line, fields, wire.socket, clock.now);
    const warm = home.parts.warm.find(head, clock.now);
    if (warm !== null) {
      this.current = { head, facts: { ...warm.facts } };
      return this.exchangeWith(this.current, warm, bytes, end, to);
    }
    return this.admit(head, bytes, end, to);
  }

  private admit(head: LaneHead, bytes: Buffer, end: number, to: number): number {
    const { reader, wire } = this;
    const { admission } = this.home.parts;
    const { start } = reader;
    const current = { head, facts: newFacts() };
    this.current = current;
    if (admission.isForApi(head)) return this.handOver(bytes, start, to);
    let admitted: Admitted | Promise<Admitted>;
    try {
      admitted = admission.admitted(head, current.facts);
    } catch (error) {
      return this.answerNow(this.rendered(error), bytes, end, to);
    }
    if (!('then' in admitted)) {
      return this.proceed(current, admitted, bytes, start, end, to, true);
    }
    this.state = 'admitting';
    wire.pause();
    this.backlog.add(wire.input, bytes, start, to);
    this.whenAdmitted(current, admitted, end - start);
    return to;
  }

  private whenAdmitted(current: Current, admitted: Promise<Admitted>, bodyFrom: number): void {
    const goOn = (then: (bytes: Buffer) => number): void => {
      const bytes = this.backlog.take();
      if (this.gone || bytes === null) return;
      this.home.parts.clock.tick();
      this.await(bytes, then(bytes), bytes.length);
      if (this.state === 'head') this.next();
    };
    admitted
      .then(
        (found) => goOn((bytes) => this.proceed(current, found, bytes, 0, bodyFrom, bytes.length)),
        (error: unknown) =>
          goOn((bytes) => this.answerNow(this.rendered(error), bytes, bodyFrom, bytes.length)),
      )
      .catch((error: unknown) => this.fault(error));
  }

  private proceed(
    current: Current,
    found: Admitted,
    bytes: Buffer,
    start: number,
    bodyFrom: number,
    to: number,
    atOnce = false,
  ): number {
    if ('status' in found) return this.answerNow(found, bytes, bodyFrom, to);
    // The other protocols are spoken by the other lanes.
    if (found.compiled.backendProto !== 'http') return this.handOver(bytes, start, to);
    const { parts } = this.home;
    const admitted = admittance(found, current.facts, parts);
    if (atOnce) parts.warm.remember(current.head, current.facts, admitted, parts.clock.now);
    return this.exchangeWith(current, admitted, bytes, bodyFrom, to);
  }

  private exchangeWith(
    { head, facts }: Current,
    admitted: Admittance,
    bytes: Buffer,
    bodyFrom: number,
    to: number,
  ): number {
    this.body.begin(head.fields);
    const exchange = new LaneExchange(this.home.parts, this, head, facts, admitted);
    this.exchange = exchange;
    this.state = 'exchange';
    this.stallMs = (facts.timeouts ?? this.home.parts.options.timeouts).streamingTimeoutMs;
    exchange.upload.complete = this.body.done;
    const at = this.readBody(bytes, bodyFrom, to);
    // A malformed body may have ended it already.
    if (this.exchange !== exchange) return to;
    if (this.body.done && at === to) this.resume();
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

  private answerNow(answer: Answer, bytes: Buffer, bodyFrom: number, to: number): number {
    if (this.current !== null) this.body.begin(this.current.head.fields);
    this.answer = answer;
    this.beginDrain();
    const at = this.readBody(bytes, bodyFrom, to);
    if (this.state === 'draining') this.drained();
    return at;
  }

  private beginDrain(): void {
    this.state = 'draining';
    this.since = this.home.parts.clock.now;
    this.body.beginDrain();
    this.resume();
  }

  /** Goes on when the rest of the body is read, or too much of it, or for too long (spec: request-path 5.3). */
  drained(): void {
    const { parts } = this.home;
    const { drainBytes, drainMs } = parts.options.limits;
    const enough = this.body.dropped > drainBytes || performance.now() - this.since >= drainMs;
    if (!this.body.done && !enough) return;
    if (!this.body.done) this.keepAlive = false;
    const { answer, current } = this;
    this.answer = null;
    if (answer !== null && current !== null) {
      const headers = parts.responder.announce(answer, current.head, current.facts);
      this.wire.write(answerText(answer, headers, current.head.method, this.connectionText()));
    }
    this.next();
  }

  /** The next request, or the end. */
  next(): void {
    if (!this.keepsAlive()) return this.finish();
    if (this.wire.blockedAt > 0) {
      this.state = 'flushing';
      return;
    }
    this.state = 'head';
    this.since = this.home.parts.clock.now;
    if (this.serving) return;
    if (this.served >= REQUESTS_OF_A_LIVELY_ONE && this.backlog.empty) this.wire.reuseBuffers();
    this.serveBacklog();
    if (this.state === 'head') this.wire.resume();
  }

  // What the exchange asks for

  pause(): void {
    this.wire.pause();
  }

  /** Reads on, unless what was read already has to wait for its turn. */
  resume(): void {
    if (this.backlog.empty) this.wire.resume();
  }

  exchangeOver(): void {
    this.exchange = null;
  }

  replied(): void {
    if (this.gone) return;
    if (this.body.done) return this.next();
    // The instance answered before it had read everything, and reads no more.
    this.beginDrain();
    this.drained();
  }

  answerError(error: unknown): void {
    if (this.gone) return;
    this.answer = this.rendered(error);
    this.beginDrain();
    this.drained();
  }

  private rendered(error: unknown): Answer {
    const { responder, onFault } = this.home.parts;
    if (!(error instanceof WaiterError)) onFault(error);
    if (this.current === null) throw error;
    return responder.render(error, this.current.head, this.current.facts);
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
    this.backlog.clear();
    this.home.watch(this);
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
      const headers = { server: this.home.parts.product, 'x-cid': newUniqueId() };
      if (refusal !== null) wire.write(rawRefusal(refusal, headers));
      this.finish();
    }
    exchange?.onClientGone();
  }

  /** @returns `to`: all bytes are used */
  private handOver(bytes: Buffer, from: number, to: number): number {
    const { wire } = this;
    const kept = wire.input.keep(bytes, from, to);
    this.backlog.clear();
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
    if (this.state === 'head' && this.backlog.empty) this.finish();
  }

  destroy(): void {
    this.wire.socket.destroy();
  }

  fault(error: unknown): void {
    this.home.parts.onFault(error);
    this.wire.socket.destroy();
  }

  check(now: number): void {
    checkPatience(this, now);
  }

  onDrain(): void {
    this.home.parts.clock.tick();
    if (this.state === 'exchange') this.exchange?.onClientDrain();
    else if (this.state === 'flushing') this.next();
  }

  /**
   * The client ended its side. In the middle of a request that is the end of it. After a whole request it may still
   * read, or may be gone, which looks the same: it gets what comes soon, see `checkPatience`.
   */
  onEnd(): void {
    this.endedAt = this.home.parts.clock.tick();
    if (this.lent !== null) this.lent.push(null);
    else if (this.state === 'closing') this.wire.socket.destroySoon();
    else if (this.state === 'head' && this.backlog.empty) this.finish();
    else if (this.state === 'head' || !this.body.done) this.refuse('HPE_INVALID_EOF_STATE');
  }

  onClose(): void {
    this.state = 'gone';
    this.home.closed(this);
    this.lent?.destroy();
    this.exchange?.onClientGone();
  }
}
