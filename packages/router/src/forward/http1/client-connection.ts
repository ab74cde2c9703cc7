import type { Socket } from 'node:net';
import { WaiterError } from '@waiter/core';
import { newUniqueId, rawRefusal, refusalOf, type RequestFacts, type RequestHead } from '../../accept';
import type { Admitted } from '../../admission';
import type { Answer } from '../../respond';
import { answerText } from './answer-text';
import { BodyReader } from './body-reader';
import { ClientFlow } from './client-flow';
import { INCOMPLETE, MALFORMED } from './head-scanner';
import { connectionLines } from './head-text';
import { LaneExchange } from './lane-exchange';
import type { LaneParts } from './lane-parts';
import { plainRequest } from './request-scan';
import { StartedRequest } from './request-start';

/** Where a connection is in the life of its present request. */
type State =
  /** Reads a head, or waits for one. */
  | 'head'
  /** The service of a request is being found. */
  | 'admitting'
  /** A request is with an instance, or waits for one. */
  | 'exchange'
  /** The rest of a request body is read and dropped; then comes our answer, or the next request. */
  | 'draining'
  /** The client has yet to take what was written, before it may ask for more. */
  | 'flushing'
  /** Everything was said; the client has a moment to take it. */
  | 'closing'
  /** Closed, or no longer ours. */
  | 'gone';

/** So long may nothing happen once one side has ended; then the client counts as gone. */
const LINGER_MS = 1_000;
/** Bytes of empty lines before a request that are passed over (RFC 9112 2.2). */
const MAX_EMPTY_BYTES = 8;

/** What a connection asks of its lane. */
export interface ConnectionHome {
  readonly parts: LaneParts;
  readonly draining: boolean;
  handOver(connection: ClientConnection, bytes: Buffer): void;
  /** Whether `check` is to be called often. */
  watch(connection: ClientConnection, closely: boolean): void;
  closed(connection: ClientConnection): void;
}

/**
 * One connection of a client: requests in their order, one at a time (RFC 9112 9.3), each with its body to its end, and
 * its response. Reading pauses where nobody wants the bytes yet.
 */
export class ClientConnection {
  readonly flow: ClientFlow;
  private state: State = 'head';
  private exchange: LaneExchange | null = null;
  private readonly body = new BodyReader();
  /** Read, but not used yet: a part of a head, or what follows the present request. */
  private rest: Buffer | null = null;
  private answer: { answer: Answer; head: RequestHead; facts: RequestFacts } | null = null;
  private keepAlive = true;
  private inReadLoop = false;
  /** When the first byte of an unfinished head came; 0: there is none. Monotonic milliseconds, as all times here. */
  private headAt = performance.now();
  /** When the present state began, where that matters. */
  private since = this.headAt;
  /** When the client ended its side; 0: not yet. */
  private endedAt = 0;
  private dropped = 0;
  private stallMs: number;

  constructor(
    readonly socket: Socket,
    private readonly home: ConnectionHome,
  ) {
    this.flow = new ClientFlow(socket);
    this.stallMs = home.parts.options.timeouts.streamingTimeoutMs;
    socket.on('data', this.onData).on('drain', this.onDrain).on('end', this.onEnd);
    socket.on('error', this.onError).on('close', this.onClose);
    home.watch(this, true);
  }

  /** Nothing more can be said to the client. */
  get gone(): boolean {
    return this.state === 'gone' || this.state === 'closing';
  }

  /** Whether another request may follow the present one. */
  keepsAlive(): boolean {
    if (this.home.draining || this.endedAt > 0) this.keepAlive = false;
    return this.keepAlive;
  }

  // Reading

  private readonly onData = (bytes: Buffer): void => {
    try {
      this.take(bytes);
    } catch (error) {
      this.fault(error);
    }
  };

  private take(bytes: Buffer): void {
    if (this.gone) return;
    if ((this.state === 'exchange' || this.state === 'draining') && !this.body.done) {
      this.readBody(bytes, 0);
      if (this.state === 'draining') this.drained();
      return;
    }
    this.rest = this.rest === null ? bytes : Buffer.concat([this.rest, bytes]);
    if (this.state === 'head') this.readRequests();
    else this.flow.pause(); // it is not their turn yet
  }

  /** Requests that nobody else is needed for are answered at once, and the state is `head` again: hence the loop. */
  private readRequests(): void {
    if (this.inReadLoop) return;
    this.inReadLoop = true;
    while (this.state === 'head' && this.rest !== null) {
      if (!this.readHead(this.rest)) break;
    }
    this.inReadLoop = false;
  }

  /** @returns false: no request begins here, or not yet */
  private readHead(bytes: Buffer): boolean {
    const { scanner } = this.home.parts;
    let from = 0;
    while (bytes[from] === 0x0d && bytes[from + 1] === 0x0a && from < MAX_EMPTY_BYTES) from += 2;
    const to = Math.min(bytes.length, from + scanner.maxBytes);
    const end = scanner.scan(bytes, from, to);
    if (end === INCOMPLETE && to === bytes.length) {
      if (this.headAt === 0) this.headAt = performance.now();
      this.home.watch(this, true);
      return false;
    }
    if (end === INCOMPLETE || end === MALFORMED) {
      this.refuse(end === MALFORMED ? 'HPE_INVALID' : 'HPE_HEADER_OVERFLOW');
      return false;
    }
    scanner.read(bytes, from, end);
    const plain = plainRequest(scanner);
    if (plain === null) {
      this.handOver(from === 0 ? bytes : bytes.subarray(from));
      return false;
    }
    this.rest = null;
    this.headAt = 0;
    this.keepAlive = plain.keepAlive;
    this.home.watch(this, true);
    this.begin(new StartedRequest(plain, this.socket, bytes, from, end));
    return true;
  }

  private begin(request: StartedRequest): void {
    const { admission } = this.home.parts;
    if (admission.isForApi(request.head)) return this.handOver(request.whole);
    let admitted: Admitted | Promise<Admitted>;
    try {
      admitted = request.admit(admission);
    } catch (error) {
      return this.decline(request, error);
    }
    if (!('then' in admitted)) return this.proceed(request, admitted);
    this.state = 'admitting';
    this.flow.pause();
    const later =
      <T>(then: (value: T) => void) =>
      (value: T): void => {
        if (this.gone) return;
        if (this.rest !== null) request.bytes = Buffer.concat([request.bytes, this.rest]);
        this.rest = null;
        then(value);
      };
    admitted
      .then(
        later((found: Admitted) => this.proceed(request, found)),
        later((error: unknown) => this.decline(request, error)),
      )
      .catch((error: unknown) => this.fault(error));
  }

  private decline(request: StartedRequest, error: unknown): void {
    this.answerStarted(request, this.rendered(error, request.head, request.facts));
  }

  private answerStarted(request: StartedRequest, answer: Answer): void {
    this.beginBody(request);
    this.answer = { answer, head: request.head, facts: request.facts };
    this.beginDrain();
    this.readBody(request.bytes, request.bodyFrom);
    if (this.state === 'draining') this.drained();
  }

  private proceed(request: StartedRequest, found: Admitted): void {
    if ('status' in found) return this.answerStarted(request, found);
    // The other protocols are spoken by the other lanes.
    if (found.compiled.backendProto !== 'http') return this.handOver(request.whole);
    this.beginBody(request);
    const exchange = new LaneExchange(this.home.parts, this, request, found);
    this.exchange = exchange;
    this.state = 'exchange';
    this.stallMs = exchange.streamingTimeoutMs;
    exchange.requestComplete = this.body.done;
    this.readBody(request.bytes, request.bodyFrom);
    // A malformed body may have ended it already.
    if (this.exchange !== exchange) return;
    if (this.body.done) this.resume();
    exchange.start();
  }

  private beginBody({ plain }: StartedRequest): void {
    // Instances get no trailers (spec: request-path 5.4).
    this.body.begin(plain.framing, plain.length, true);
  }

  /** @param from where the body goes on; what follows its end belongs to the next request */
  private readBody(bytes: Buffer, from: number): void {
    if (from === bytes.length) return;
    const { body, exchange } = this;
    const end = body.read(bytes, from);
    if (end < 0) return this.refuse('HPE_INVALID_CHUNK_SIZE');
    if (end < bytes.length) {
      this.rest = bytes.subarray(end);
      this.flow.pause();
    }
    if (exchange !== null) {
      exchange.requestComplete = body.done;
      if (body.keptEnd > from) exchange.upload(bytes.subarray(from, body.keptEnd));
    } else {
      this.dropped += end - from;
    }
  }

  private beginDrain(): void {
    this.state = 'draining';
    this.since = performance.now();
    this.dropped = 0;
    this.resume();
  }

  /** Goes on when the rest of the body is read, or too much of it, or for too long (spec: request-path 5.3). */
  private drained(): void {
    const { parts } = this.home;
    const { drainBytes, drainMs } = parts.options.limits;
    const enough = this.dropped > drainBytes || performance.now() - this.since >= drainMs;
    if (!this.body.done && !enough) return;
    if (!this.body.done) this.keepAlive = false;
    const { answer: pending } = this;
    this.answer = null;
    if (pending !== null) {
      const { answer, head, facts } = pending;
      const headers = parts.responder.announce(answer, head, facts);
      const connection = connectionLines(this.keepsAlive(), parts.clientIdleSeconds);
      this.flow.write(answerText(answer, headers, head.method, connection));
    }
    this.next();
  }

  /** The next request, or the end. */
  private next(): void {
    if (!this.keepsAlive()) return this.finish();
    if (this.flow.blockedAt > 0) {
      this.state = 'flushing';
      return;
    }
    this.state = 'head';
    this.since = performance.now();
    this.home.watch(this, false);
    if (this.rest !== null) this.readRequests();
    if (this.state === 'head') this.flow.resume();
  }

  // What the exchange asks for

  get blocked(): boolean {
    return this.flow.blockedAt > 0;
  }

  write(text: string): boolean {
    return this.gone || this.flow.write(text);
  }

  writePieces(before: string, piece: Buffer, after: string): boolean {
    return this.gone || this.flow.writePieces(before, piece, after);
  }

  pause(): void {
    this.flow.pause();
  }

  /** Reads on, unless what was read already has to wait for its turn. */
  resume(): void {
    if (this.rest === null) this.flow.resume();
  }

  exchangeOver(): void {
    this.exchange = null;
  }

  /** The response is complete. */
  replied(): void {
    if (this.gone) return;
    if (this.body.done) return this.next();
    // The instance answered before it had read everything, and reads no more.
    this.beginDrain();
    this.drained();
  }

  answerError(error: unknown, head: RequestHead, facts: RequestFacts): void {
    if (this.gone) return;
    this.answer = { answer: this.rendered(error, head, facts), head, facts };
    this.beginDrain();
    this.drained();
  }

  private rendered(error: unknown, head: RequestHead, facts: RequestFacts): Answer {
    const { responder, onFault } = this.home.parts;
    if (!(error instanceof WaiterError)) onFault(error);
    return responder.render(error, head, facts);
  }

  /** The response cannot be completed: what is written is still sent, and then the client sees that something is missing. */
  breakOff(): void {
    this.state = 'closing';
    this.since = performance.now();
    this.socket.destroySoon();
  }

  // Ends

  /** Ends our side; what the client still sends is dropped, so that it can read what was said (RFC 9112 9.6). */
  private finish(): void {
    this.state = 'closing';
    this.since = performance.now();
    this.rest = null;
    this.home.watch(this, true);
    this.flow.resume();
    if (this.endedAt > 0) this.socket.destroySoon();
    else this.socket.end();
  }

  /** Bytes that make no request: whatever follows them means nothing either (RFC 9112 2.2, 11). */
  private refuse(code: string): void {
    const { exchange } = this;
    const refusal = refusalOf(code);
    if (exchange?.headSent === true) {
      this.state = 'closing';
      this.socket.destroy();
    } else {
      const headers = { server: this.home.parts.product, 'x-cid': newUniqueId() };
      if (refusal !== null) this.flow.write(rawRefusal(refusal, headers));
      this.finish();
    }
    exchange?.onClientGone();
  }

  private handOver(bytes: Buffer): void {
    const { socket } = this;
    this.state = 'gone';
    this.rest = null;
    socket.off('data', this.onData).off('drain', this.onDrain).off('end', this.onEnd);
    socket.off('error', this.onError).off('close', this.onClose);
    this.home.handOver(this, bytes);
  }

  /** No further request is to come: an idle connection ends now, another one with its response. */
  drain(): void {
    if (this.state === 'head' && this.rest === null) this.finish();
  }

  destroy(): void {
    this.socket.destroy();
  }

  fault(error: unknown): void {
    this.home.parts.onFault(error);
    this.socket.destroy();
  }

  /** Looks whether somebody took too long (spec: request-path 4). @param now monotonic milliseconds */
  check(now: number): void {
    const { timeouts, limits } = this.home.parts.options;
    const { blockedAt, wroteAt } = this.flow;
    const stalled = blockedAt > 0 && now - blockedAt >= this.stallMs;
    switch (this.state) {
      case 'head':
        if (this.headAt > 0) {
          if (now - this.headAt >= timeouts.requestHeadTimeoutMs) this.refuse('ERR_HTTP_REQUEST_TIMEOUT');
        } else if (now - this.since >= timeouts.clientIdleTimeoutMs) this.finish();
        break;
      case 'exchange':
        if (stalled) this.exchange?.onClientStall();
        else if (this.endedAt > 0 && now - Math.max(this.endedAt, wroteAt) >= LINGER_MS) this.destroy();
        else this.exchange?.check(now);
        break;
      case 'draining':
        if (now - this.since >= limits.drainMs) this.drained();
        break;
      case 'flushing':
        if (stalled) this.destroy();
        break;
      case 'closing':
        if (blockedAt > 0 ? stalled : now - this.since >= LINGER_MS) this.destroy();
        break;
    }
  }

  private readonly onDrain = (): void => {
    this.flow.blockedAt = 0;
    if (this.state === 'exchange') this.exchange?.onClientDrain();
    else if (this.state === 'flushing') this.next();
  };

  /**
   * The client ended its side. In the middle of a request that is the end of it. After a whole request it may still
   * read, or may be gone, which looks the same: it gets what comes soon, see `check`.
   */
  private readonly onEnd = (): void => {
    this.endedAt = performance.now();
    if (this.state === 'closing') this.socket.destroySoon();
    else if (this.state === 'head' && this.rest === null) this.finish();
    else if (this.state === 'head' || !this.body.done) this.refuse('HPE_INVALID_EOF_STATE');
  };

  private readonly onError = (): void => undefined; // 'close' follows

  private readonly onClose = (): void => {
    this.state = 'gone';
    this.home.closed(this);
    this.exchange?.onClientGone();
  };
}
