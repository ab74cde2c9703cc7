import type { ClientRequest, IncomingMessage } from 'node:http';
import { Stream } from 'node:stream';
import type { Exchange } from '../accept';
import { breakOff } from './break-off';
import { InterimCount, sendInterim } from './interim';
import { isBusy, type FailureReason, type Outcome } from './outcome';
import { replyFault } from './reply-check';
import { StallTimer } from './stall-timer';

/** One request of a client, as it goes to one instance (or to the API). */
export interface Sending {
  readonly exchange: Exchange;
  readonly target: {
    readonly protocol: 'http:' | 'https:';
    readonly host: string;
    readonly port: number;
    readonly socketPath?: string;
  };
  readonly agent: unknown;
  /** What is sent, complete. */
  readonly headers: Record<string, string>;
  readonly connectTimeoutMs: number;
  readonly socketTimeoutMs: number;
  readonly streamingTimeoutMs: number;
  /** Longest request body; 0: any. */
  readonly bodyLimit: number;
  /** Writes the response head to the client; what it throws counts as a broken response. */
  onHead(reply: IncomingMessage): void;
}

/**
 * Stands in for the request body, as a stream whose only use is `pipe`: http-proxy pipes it into the outgoing request
 * right after it made that, before a byte is written. That is the moment to put in the target byte for byte, to hold
 * the body back until there is a connection (a retry needs it whole), and to watch both directions.
 */
export class Relay extends Stream {
  private outgoing: ClientRequest | undefined;
  private connected = false;
  private bodySent = false;
  private headSent = false;
  private failure: { reason: FailureReason; error: Error } | undefined;
  private clientStalled = false;
  private reply: IncomingMessage | undefined;
  private readonly startedAt = performance.now();
  private readonly connectTimer: StallTimer;
  private readonly uploadTimer: StallTimer;
  private readonly downloadTimer: StallTimer;

  constructor(
    private readonly sending: Sending,
    private readonly resolve: (outcome: Outcome) => void,
  ) {
    super();
    const { connectTimeoutMs, streamingTimeoutMs } = sending;
    this.connectTimer = new StallTimer(connectTimeoutMs, () => this.abort('connect', 'connect timeout'));
    this.uploadTimer = new StallTimer(streamingTimeoutMs, () =>
      this.abort('upload-stalled', 'upload stalled'),
    );
    this.downloadTimer = new StallTimer(streamingTimeoutMs, () => {
      this.clientStalled = true;
      this.sending.exchange.response.destroy();
    });
  }

  override pipe<T extends NodeJS.WritableStream>(destination: T): T {
    const outgoing = destination as unknown as ClientRequest;
    const { exchange, socketTimeoutMs } = this.sending;
    const { request, response } = exchange;
    this.outgoing = outgoing;
    outgoing.path = exchange.facts.target ?? exchange.head.target;
    outgoing.setTimeout(socketTimeoutMs);
    outgoing.on('timeout', () => this.idle());
    outgoing.on('drain', () => this.uploadTimer.proceed());
    const interims = new InterimCount();
    outgoing.on('information', ({ statusCode: status, statusMessage: reason, rawHeaders }) => {
      const fault = interims.fault();
      if (fault !== null) outgoing.destroy(fault);
      else if (status !== 100) sendInterim(exchange, { status, reason, rawHeaders });
    });
    outgoing.once('response', (reply) => this.relay(reply));
    outgoing.once('close', () => this.finish());
    response.on('drain', () => this.downloadTimer.proceed());
    // Not the end of the exchange: the client may be slow to take what the instance has sent already.
    response.once('close', () => this.downloadTimer.proceed());
    request.on('pause', this.onUploadPause);
    this.connectTimer.wait();
    outgoing.once('socket', (socket) => {
      const ready = this.sending.target.protocol === 'https:' ? 'secureConnect' : 'connect';
      if (socket.connecting) socket.once(ready, () => this.begin());
      else this.begin();
    });
    // The client may be gone already, in which case 'close' of the response will not come again.
    if (response.destroyed) outgoing.destroy();
    return destination;
  }

  private readonly onUploadPause = (): void => {
    if (this.outgoing?.writableNeedDrain) this.uploadTimer.wait();
  };

  /** There is a connection: now the body may flow. */
  private begin(): void {
    const { exchange } = this.sending;
    const { outgoing } = this;
    if (outgoing === undefined || outgoing.destroyed) return;
    this.connectTimer.proceed();
    this.connected = true;
    if (exchange.awaitsContinue) {
      exchange.awaitsContinue = false;
      exchange.response.writeContinue();
    }
    this.bodySent =
      outgoing.hasHeader('transfer-encoding') || Number(outgoing.getHeader('content-length') ?? 0) > 0;
    if (this.sending.bodyLimit > 0) this.countBody(exchange.request, this.sending.bodyLimit);
    exchange.request.pipe(outgoing);
  }

  private countBody(request: IncomingMessage, limit: number): void {
    let bytes = 0;
    request.on('data', (piece: Buffer) => {
      bytes += piece.length;
      if (bytes > limit) this.abort('too-large', 'request body too large');
    });
  }

  /** Two faults of the http-proxy family are mended here: a reply that breaks off, and headers that cannot be copied. */
  private relay(reply: IncomingMessage): void {
    const { exchange, onHead } = this.sending;
    const { response } = exchange;
    const fault = replyFault(reply);
    if (fault !== null) return void this.outgoing?.destroy(fault);
    this.reply = reply;
    exchange.facts.backendResponseMs = performance.now() - this.startedAt;
    try {
      onHead(reply);
      this.headSent = true;
    } catch (error) {
      this.outgoing?.destroy(error as Error);
      return;
    }
    reply.on('pause', () => response.writableNeedDrain && this.downloadTimer.wait());
    reply.once('end', () => {
      if (reply.rawTrailers.length > 0) response.addTrailers(pairs(reply.rawTrailers));
    });
    // A listener, so that the end of a broken reply is an error and not a silence that leaves the client hanging.
    reply.once('error', () => undefined);
    reply.once('close', () => {
      if (!reply.complete) breakOff(response, this.sending.streamingTimeoutMs);
    });
    reply.pipe(response);
    // The first piece of the body mostly came with the head: then both leave in one write. Else the head goes alone, at
    // once, because a stream may be slow to begin.
    let begun = false;
    reply.once('data', () => (begun = true));
    setImmediate(() => {
      if (!begun && !response.writableEnded && !response.destroyed) response.flushHeaders();
    });
  }

  private idle(): void {
    const { exchange, socketTimeoutMs } = this.sending;
    if (!this.connected) return; // the pool's own timeout; connecting has a timer
    if (exchange.response.writableNeedDrain) {
      // The client is the one that does not move; its own timer decides.
      this.outgoing?.socket?.setTimeout(socketTimeoutMs);
      return;
    }
    const waitsForClient =
      !exchange.request.complete && this.outgoing?.writableNeedDrain !== true && !this.headSent;
    this.abort(waitsForClient ? 'client-idle' : 'idle', 'idle timeout');
  }

  private abort(reason: FailureReason, words: string): void {
    const error = new Error(words);
    this.failure ??= { reason, error };
    this.outgoing?.destroy(error);
  }

  /** http-proxy reports an error of the outgoing request, or of the client's. 'close' follows. */
  fail(error: Error): void {
    this.failure ??= { reason: this.connected ? 'broken' : 'connect', error };
  }

  /** The request could not even be made. */
  unsendable(error: Error): void {
    this.failure = { reason: 'unsendable', error };
    if (this.outgoing === undefined) this.finish();
    else this.outgoing.destroy(error);
  }

  private finish(): void {
    const { exchange } = this.sending;
    this.connectTimer.proceed();
    this.uploadTimer.proceed();
    exchange.request.off('pause', this.onUploadPause);
    exchange.facts.backendResponseMs ??= performance.now() - this.startedAt;
    this.resolve(this.outcome());
  }

  private outcome(): Outcome {
    const { response } = this.sending.exchange;
    if (this.headSent) {
      if (this.clientStalled) return { kind: 'truncated', by: 'client' };
      if (this.reply?.complete === true) return { kind: 'complete', busy: isBusy(this.reply.statusCode) };
      if (response.destroyed && this.failure === undefined) return { kind: 'client-gone' };
      return { kind: 'truncated', by: 'instance' };
    }
    if (response.destroyed) return { kind: 'client-gone' };
    const { reason, error } = this.failure ?? {
      reason: 'broken' as const,
      error: new Error('connection closed'),
    };
    const stale = reason === 'broken' && this.outgoing?.reusedSocket === true && isReset(error);
    return { kind: 'failed', reason, error, stale, bodySent: this.bodySent };
  }
}

function isReset(error: NodeJS.ErrnoException): boolean {
  return error.code === 'ECONNRESET' || error.code === 'EPIPE';
}

function pairs(raw: readonly string[]): [string, string][] {
  const list: [string, string][] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) list.push([raw[i] ?? '', raw[i + 1] ?? '']);
  return list;
}
