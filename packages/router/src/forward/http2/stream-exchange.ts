import {
  constants,
  type OutgoingHttpHeaders,
  type ServerHttp2Stream,
  type ServerStreamResponseOptions,
} from 'node:http2';
import type { WaiterError } from '@waiter/core';
import { newFacts, RequestHead, type HeadSource, type RequestFacts } from '../../accept';
import { StallTimer } from '../stall-timer';
import { interimFields, responseFields, trailerFields } from './fields';
import type { Http2Head } from './request-head';
import type { SessionGuard } from './session-guard';
import type { ClientListener, ClientSide, ReplyHead } from './sides';
import { Upload } from './upload';

const { NGHTTP2_CANCEL, NGHTTP2_INTERNAL_ERROR, NGHTTP2_NO_ERROR } = constants;

/** After its own response node adds a date unless it is told not to. */
interface Responding extends ServerStreamResponseOptions {
  readonly sendDate: false;
}

/** Responses that end with their head, whatever it says (RFC 9110 6.4.1). */
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304]);

/** One request of a client that speaks HTTP/2, and its response: one stream. */
export class StreamExchange implements ClientSide {
  readonly facts: RequestFacts = newFacts();
  readonly head: RequestHead<HeadSource>;
  /** Why it is to be refused, by its head alone. */
  readonly fault: WaiterError | null;
  readonly hasBody: boolean;
  readonly upload: Upload;
  private trailers: readonly string[] = [];
  private replyTrailers: readonly string[] = [];
  private awaitsContinue: boolean;
  private listener: ClientListener | null = null;
  private stalling: StallTimer;
  /** Writes that node has not handed on yet. */
  private unwritten = 0;
  /** To be reset with this code when everything is written. */
  private breaking: number | null = null;
  /** Everything was said, if not yet taken. */
  private said = false;
  /** The client does not read. */
  private givenUp = false;
  /** It was told to send no more of its body. */
  private stopped = false;

  constructor(
    private readonly stream: ServerHttp2Stream,
    { source, fault }: Http2Head,
    endStream: boolean,
    streamingTimeoutMs: number,
    private readonly guard: Pick<SessionGuard, 'onWork' | 'onUseful'>,
  ) {
    this.head = new RequestHead(source);
    this.fault = fault;
    this.hasBody = !endStream;
    this.awaitsContinue = this.head.headers['expect']?.toLowerCase() === '100-continue';
    this.stalling = new StallTimer(streamingTimeoutMs, () => this.stalled());
    this.upload = new Upload({
      source: stream,
      hasBody: this.hasBody,
      isWhole: () => !stream.aborted,
      trailers: () => this.trailers,
      onBytes: (bytes) => guard.onUseful(bytes),
    });
    stream.once('trailers', (_headers, _flags, raw: readonly string[] = []) => (this.trailers = raw));
    stream.on('drain', () => {
      this.stalling.proceed();
      this.listener?.onClientDrain();
    });
    stream.once('close', () => this.stalling.proceed());
    if (endStream) stream.resume();
  }

  /** The client reset it before it was answered. */
  get takenBack(): boolean {
    return !this.said && !this.givenUp && this.breaking === null;
  }

  /** Bytes of its body that came and were not read. */
  get unread(): number {
    return this.stream.readableLength;
  }

  /** It ended before its body did. */
  get cutShort(): boolean {
    return this.stopped || !this.upload.complete;
  }

  private get cut(): boolean {
    return this.stream.destroyed || this.stream.closed;
  }

  get over(): boolean {
    return this.said || this.cut;
  }

  get gone(): boolean {
    return !this.said && this.cut;
  }

  onAbort(listener: () => void): void {
    if (this.gone) listener();
    else this.stream.once('close', () => this.gone && listener());
  }

  get headSent(): boolean {
    return this.stream.headersSent;
  }

  listen(listener: ClientListener | null, streamingTimeoutMs: number): void {
    this.listener = listener;
    if (listener !== null) this.stalling = new StallTimer(streamingTimeoutMs, () => this.stalled());
  }

  private stalled(): void {
    this.givenUp = true;
    this.listener?.onClientStall();
    this.stream.close(NGHTTP2_CANCEL);
    this.stream.destroy();
  }

  wantBody(): void {
    if (!this.awaitsContinue || this.over) return;
    this.awaitsContinue = false;
    this.stream.additionalHeaders({ ':status': 100 });
  }

  interim(status: number, rawHeaders: readonly string[]): void {
    if (!this.over && !this.headSent) this.stream.additionalHeaders(interimFields(status, rawHeaders));
  }

  respond({ status, ended }: Pick<ReplyHead, 'status' | 'ended'>, headers: readonly string[]): void {
    const whole = ended || this.head.method === 'HEAD' || BODILESS.has(status);
    this.begin(responseFields(status, headers), whole, true);
  }

  private begin(fields: OutgoingHttpHeaders, whole: boolean, trailers: boolean): void {
    const { stream } = this;
    this.guard.onWork();
    // Waiting for trailers also keeps node from ending the body cleanly when it is broken off: see lane.int.test.ts.
    const waitForTrailers = trailers && !whole;
    const options: Responding = { sendDate: false, endStream: whole, waitForTrailers };
    stream.respond(fields, options);
    this.said = whole;
    if (whole) this.stopRequest();
    else if (!waitForTrailers) stream.once('finish', () => this.stopRequest());
    else {
      stream.once('wantTrailers', () => {
        stream.sendTrailers(trailerFields(this.replyTrailers));
        this.stopRequest();
      });
    }
  }

  /** The response is sent: a client that is still sending is told to stop (RFC 9113 8.1). */
  private stopRequest(): void {
    this.stalling.proceed();
    if (this.stream.readableEnded) return;
    this.upload.drop();
    // Node sends trailers in an immediate, too.
    setImmediate(() => {
      if (this.stream.readableEnded) return;
      this.stopped = true;
      this.stream.close(NGHTTP2_NO_ERROR);
    });
  }

  write(piece: Buffer): boolean {
    const { stream } = this;
    if (this.over) return true;
    this.guard.onWork();
    this.unwritten += 1;
    if (stream.write(piece, this.onWritten)) return true;
    this.stalling.wait();
    return false;
  }

  private readonly onWritten = (): void => {
    this.unwritten -= 1;
    if (this.breaking !== null && this.unwritten === 0) this.stream.close(this.breaking);
  };

  end(trailers: readonly string[]): void {
    if (this.over) return;
    this.said = true;
    this.replyTrailers = trailers;
    this.stream.end();
    this.stalling.wait();
  }

  /** What was received before the break is sent; a client that does not take it is given up by the stall timer. */
  breakOff(code: number): void {
    if (this.cut) return;
    this.breaking = code === NGHTTP2_NO_ERROR ? NGHTTP2_INTERNAL_ERROR : code;
    if (this.unwritten === 0) this.stream.close(this.breaking);
    else this.stalling.wait();
  }

  giveUp(): void {
    this.breakOff(NGHTTP2_INTERNAL_ERROR);
  }

  /** A response that the router makes itself. */
  answer(status: number, headers: OutgoingHttpHeaders, body: string): void {
    if (this.gone) return;
    if (this.headSent) return this.giveUp();
    const whole = body === '' || this.head.method === 'HEAD' || BODILESS.has(status);
    this.begin({ ...headers, ':status': status }, whole, false);
    if (whole) return;
    this.said = true;
    this.stream.end(body);
    this.stalling.wait();
  }
}
