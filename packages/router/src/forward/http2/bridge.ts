import { InterimCount } from '../interim';
import { isReset, type FailureReason, type Outcome } from '../outcome';
import { StallTimer } from '../stall-timer';
import { QuietTimer } from './quiet-timer';
import type {
  ClientListener,
  ClientSide,
  InstanceFailure,
  InstanceListener,
  InstanceSide,
  ReplyHead,
} from './sides';
import type { UploadListener } from './upload';

/** What a bridge is told of one request. */
export interface Bridging {
  readonly client: ClientSide;
  readonly instance: InstanceSide;
  readonly connectTimeoutMs: number;
  readonly socketTimeoutMs: number;
  readonly streamingTimeoutMs: number;
  /** Longest request body; 0: any. */
  readonly bodyLimit: number;
  /**
   * Writes the head of the response to the client; what it throws counts as a broken response.
   * @returns false: that was the whole response, whatever the instance has to add
   */
  onHead(reply: ReplyHead): boolean;
  /** Names and values that are to follow the body, of those that followed the instance's. */
  onTrailers(trailers: readonly string[]): readonly string[];
  /** Whether the instance said that it can take no more. */
  isBusy(): boolean;
}

/**
 * Carries one request from a client to an instance and the response back, where at least one of them speaks HTTP/2.
 * Neither side is read faster than the other takes it, and the end of one is told to the other.
 */
export class Bridge implements InstanceListener, UploadListener, ClientListener {
  private readonly interims = new InterimCount();
  private readonly startedAt = performance.now();
  private readonly connecting: StallTimer;
  private readonly uploading: StallTimer;
  private readonly quiet: QuietTimer;
  private connected = false;
  private uploaded = 0;
  private uploadBlocked = false;
  private replyBlocked = false;
  private clientStalled = false;
  private reply: ReplyHead | null = null;
  private replyComplete = false;

  private constructor(
    private readonly bridging: Bridging,
    private readonly resolve: (outcome: Outcome) => void,
  ) {
    const { client, instance, connectTimeoutMs, socketTimeoutMs, streamingTimeoutMs } = bridging;
    this.connecting = new StallTimer(connectTimeoutMs, () => this.abort('connect', 'connect timeout'));
    this.uploading = new StallTimer(streamingTimeoutMs, () => this.abort('upload-stalled', 'upload stalled'));
    this.quiet = new QuietTimer(socketTimeoutMs, () => this.onQuiet());
    this.connecting.wait();
    client.listen(this, streamingTimeoutMs);
    instance.begin(this);
    client.onAbort(() => this.onClientGone());
  }

  /** @returns when the exchange with the instance is over; never rejects */
  static carry(bridging: Bridging): Promise<Outcome> {
    return new Promise((resolve) => new Bridge(bridging, resolve));
  }

  // The request

  onConnect(): void {
    const { client } = this.bridging;
    this.connecting.proceed();
    this.connected = true;
    this.quiet.start();
    client.wantBody();
    client.upload.start(this);
  }

  onUploadPiece(piece: Buffer): void {
    this.quiet.touch();
    this.uploaded += piece.length;
    const { bodyLimit } = this.bridging;
    if (bodyLimit > 0 && this.uploaded > bodyLimit) return this.abort('too-large', 'request body too large');
    if (this.bridging.instance.write(piece)) return;
    this.uploadBlocked = true;
    this.uploading.wait();
    this.bridging.client.upload.pause();
  }

  onUploadEnd(trailers: readonly string[]): void {
    this.quiet.touch();
    this.bridging.instance.end(trailers);
  }

  onDrain(): void {
    this.quiet.touch();
    this.uploadBlocked = false;
    this.uploading.proceed();
    this.bridging.client.upload.resume();
  }

  // The response

  onInterim(status: number, rawHeaders: readonly string[]): void {
    this.quiet.touch();
    const fault = this.interims.fault();
    if (fault !== null) return this.bridging.instance.abort('broken', fault);
    // 100 answers an expectation, which is never sent on (RFC 9110 10.1.1).
    if (status !== 100) this.bridging.client.interim(status, rawHeaders);
  }

  onReply(reply: ReplyHead): void {
    const { client, onHead } = this.bridging;
    this.quiet.touch();
    client.facts.backendResponseMs = performance.now() - this.startedAt;
    client.upload.forget();
    let more: boolean;
    try {
      more = onHead(reply);
    } catch (error) {
      return this.bridging.instance.abort('broken', error as Error);
    }
    this.reply = reply;
    if (!more) this.complete();
  }

  onPiece(piece: Buffer): void {
    this.quiet.touch();
    if (this.replyComplete || this.bridging.client.write(piece)) return;
    this.replyBlocked = true;
    this.bridging.instance.pauseReply();
  }

  onReplyEnd(trailers: readonly string[]): void {
    const { client, onTrailers } = this.bridging;
    if (this.reply === null || this.replyComplete) return;
    client.end(onTrailers(trailers));
    this.complete();
  }

  private complete(): void {
    this.replyComplete = true;
    this.bridging.client.upload.stop();
    this.bridging.instance.settle();
  }

  // Ends

  onClientDrain(): void {
    this.quiet.touch();
    this.replyBlocked = false;
    this.bridging.instance.resumeReply();
  }

  onClientStall(): void {
    this.clientStalled = true;
    this.abort('broken', 'the client does not read');
  }

  private onClientGone(): void {
    if (!this.replyComplete) this.abort('broken', 'the client hung up');
  }

  /** Nobody said anything for the socket timeout (spec: request-path 4). */
  private onQuiet(): void {
    // The client is the one that does not move; its own timer decides.
    if (this.replyBlocked) return;
    const waitsForClient =
      !this.bridging.client.upload.complete && !this.uploadBlocked && this.reply === null;
    this.abort(waitsForClient ? 'client-idle' : 'idle', 'idle timeout');
  }

  private abort(reason: FailureReason, words: string): void {
    this.bridging.instance.abort(reason, new Error(words));
  }

  onClosed(failure: InstanceFailure | null): void {
    const { client } = this.bridging;
    this.connecting.proceed();
    this.uploading.proceed();
    this.quiet.stop();
    client.listen(null, 0);
    client.upload.stop();
    client.facts.backendResponseMs ??= performance.now() - this.startedAt;
    const outcome = this.outcome(failure ?? UNTOLD);
    if (outcome.kind === 'truncated') client.breakOff(failure?.code ?? 0);
    this.resolve(outcome);
  }

  private outcome(failure: InstanceFailure): Outcome {
    const { client } = this.bridging;
    if (this.clientStalled) return { kind: 'truncated', by: 'client' };
    if (this.replyComplete) return { kind: 'complete', busy: this.bridging.isBusy() };
    if (client.gone) return { kind: 'client-gone' };
    const { reason, error, stale } = failure;
    if (this.reply !== null) return { kind: 'truncated', by: isReset(reason) ? 'client' : 'instance' };
    const bodySent = this.connected && client.hasBody && !(reason === 'refused' && client.upload.replayable);
    return { kind: 'failed', reason, error, stale, bodySent };
  }
}

/** An instance that closes without a failure and without a whole response. */
const UNTOLD: InstanceFailure = {
  reason: 'broken',
  error: new Error('connection closed'),
  stale: false,
  code: 0,
};
