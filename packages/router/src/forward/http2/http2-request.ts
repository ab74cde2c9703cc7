import {
  constants,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
  type OutgoingHttpHeaders,
} from 'node:http2';
import { STATUS_CODES } from 'node:http';
import type { FailureReason } from '../outcome';
import { trailerFields, withoutPseudo } from './fields';
import type { InstanceSession, SessionTarget } from './instance-session';
import type { SessionPool, SessionWaiter } from './session-pool';
import type { InstanceFailure, InstanceListener, InstanceSide } from './sides';

const {
  NGHTTP2_CANCEL,
  NGHTTP2_ENHANCE_YOUR_CALM,
  NGHTTP2_FLAG_END_STREAM,
  NGHTTP2_INTERNAL_ERROR,
  NGHTTP2_NO_ERROR,
  NGHTTP2_REFUSED_STREAM,
} = constants;

export interface Http2Sending {
  readonly target: SessionTarget;
  readonly pool: SessionPool;
  /** On a session that nobody used before. */
  readonly fresh: boolean;
  readonly fields: OutgoingHttpHeaders;
  readonly hasBody: boolean;
}

/** A request to an instance that speaks HTTP/2: one stream (RFC 9113 5, 8). */
export class Http2Request implements InstanceSide, SessionWaiter {
  readonly fresh: boolean;
  private listener: InstanceListener | null = null;
  private session: InstanceSession | null = null;
  private stream: ClientHttp2Stream | null = null;
  private reused = false;
  private answered = false;
  private replyEnded = false;
  private settled = false;
  private failure: { reason: FailureReason; error: Error } | null = null;
  private streamError: Error | null = null;
  private trailers: readonly string[] = [];
  private requestTrailers: readonly string[] = [];
  /** Bytes of the body that are still to come; null: nobody said how many. */
  private missing: number | null = null;

  constructor(private readonly sending: Http2Sending) {
    this.fresh = sending.fresh;
  }

  begin(listener: InstanceListener): void {
    this.listener = listener;
    this.sending.pool.take(this.sending.target, this);
  }

  onNoSession(error: Error): void {
    this.failure ??= { reason: 'connect', error };
    this.closed();
  }

  onSession(session: InstanceSession): void {
    const { listener } = this;
    if (listener === null) return;
    this.session = session;
    this.reused = session.opened > 0;
    let stream: ClientHttp2Stream;
    try {
      stream = session.request(this.sending.fields, this.sending.hasBody);
    } catch (error) {
      this.failure = { reason: 'unsendable', error: error as Error };
      process.nextTick(() => this.closed());
      return;
    }
    this.stream = stream;
    stream.on('error', (error: Error) => (this.streamError = error));
    stream.on('headers', (headers, _flags, raw: readonly string[] = []) => {
      if (!this.answered) listener.onInterim(Number(headers[':status']), withoutPseudo(raw));
    });
    stream.once('response', (headers, flags, raw: readonly string[] = []) =>
      this.onReply(listener, headers, flags, raw),
    );
    stream.once('trailers', (_headers, _flags, raw: readonly string[] = []) => (this.trailers = raw));
    stream.on('drain', () => listener.onDrain());
    stream.once('wantTrailers', () => stream.sendTrailers(trailerFields(this.requestTrailers)));
    stream.once('close', () => this.closed());
    listener.onConnect();
  }

  private onReply(
    listener: InstanceListener,
    headers: IncomingHttpHeaders & IncomingHttpStatusHeader,
    flags: number,
    raw: readonly string[],
  ): void {
    const status = headers[':status'] ?? 502;
    const ended = (flags & NGHTTP2_FLAG_END_STREAM) !== 0;
    const length = headers['content-length'];
    const bodiless = this.sending.fields[':method'] === 'HEAD' || status === 304;
    this.answered = true;
    this.replyEnded = ended;
    if (length !== undefined && !ended && !bodiless) this.missing = Number(length);
    listener.onReply({
      status,
      reason: STATUS_CODES[status] ?? '',
      httpVersion: '2.0',
      rawHeaders: withoutPseudo(raw),
      ended,
    });
    this.read(listener);
  }

  /** Not before the head was told: node may hand out the body first, where both came in one packet. */
  private read(listener: InstanceListener): void {
    const { stream } = this;
    if (stream === null || stream.destroyed) return;
    stream.on('data', (piece: Buffer) => {
      if (this.missing !== null) this.missing -= piece.length;
      listener.onPiece(piece);
    });
    stream.once('end', () => this.onEnd(listener));
  }

  /** Node says 'end' too where the instance broke off; then the stream is closed already, mostly with a code. */
  private onEnd(listener: InstanceListener): void {
    const { stream } = this;
    if (stream === null || !this.answered || stream.destroyed) return;
    if (stream.rstCode !== NGHTTP2_NO_ERROR || (this.missing ?? 0) > 0) return;
    this.replyEnded = true;
    listener.onReplyEnd(this.trailers);
  }

  write(piece: Buffer): boolean {
    const { stream } = this;
    return stream === null || stream.destroyed || stream.closed || stream.write(piece);
  }

  end(trailers: readonly string[]): void {
    const { stream } = this;
    if (stream === null || stream.destroyed || !this.sending.hasBody) return;
    this.requestTrailers = trailers;
    stream.end();
  }

  pauseReply(): void {
    this.stream?.pause();
  }

  resumeReply(): void {
    this.stream?.resume();
  }

  settle(): void {
    this.settled = true;
    const { stream } = this;
    if (stream === null) return;
    if (this.replyEnded && stream.writableFinished) stream.resume();
    else this.reset(stream);
  }

  abort(reason: FailureReason, error: Error): void {
    this.failure ??= { reason, error };
    if (this.stream !== null) return this.reset(this.stream);
    this.sending.pool.cancel(this.sending.target, this);
    this.closed();
  }

  /** RST_STREAM; 'close' follows at once, even when the instance takes no bytes any more. */
  private reset(stream: ClientHttp2Stream): void {
    stream.close(NGHTTP2_CANCEL);
    stream.destroy();
  }

  private closed(): void {
    const { listener } = this;
    this.listener = null;
    listener?.onClosed(this.settled ? null : this.told());
  }

  /** What the end of the stream means (spec: request-path 5.6, 6.5). */
  private told(): InstanceFailure {
    const code = this.stream?.rstCode ?? NGHTTP2_NO_ERROR;
    const error = this.failure?.error ?? this.streamError ?? new Error(`stream closed with code ${code}`);
    if (this.failure !== null) return { reason: this.failure.reason, error, stale: false, code: 0 };
    if (this.session?.destroyed === true)
      return { reason: 'broken', error, stale: this.reused && !this.answered, code: 0 };
    if (code === NGHTTP2_ENHANCE_YOUR_CALM && !this.answered) {
      // It has had enough of this connection (node: of what it keeps in memory for it), and would say so for ever.
      this.session?.close();
      return { reason: 'broken', error, stale: this.reused, code };
    }
    return { reason: reasonOf(code, this.answered), error, stale: false, code };
  }
}

function reasonOf(code: number, answered: boolean): FailureReason {
  if (code === NGHTTP2_INTERNAL_ERROR) return 'reset-internal';
  if (code === NGHTTP2_CANCEL) return 'reset-cancel';
  if (code === NGHTTP2_NO_ERROR && !answered) return 'reset-none';
  return code === NGHTTP2_REFUSED_STREAM ? 'refused' : 'broken';
}
