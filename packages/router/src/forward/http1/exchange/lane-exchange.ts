import type { RequestFacts } from '../../../accept';
import { releaseSlot } from '../../../async/reply-location';
import type { ReservableService, Slot } from '../../../reserve';
import { failureDetails } from '../../forwarder';
import {
  afterResend,
  failureError,
  isBusy,
  retryOf,
  type Failure,
  type FailureReason,
  type Outcome,
} from '../../outcome';
import { Retries } from '../../retries';
import type { Admittance } from '../admission/admittance';
import { requestHeadText } from '../head-text';
import { interimText } from '../../interim';
import type { LaneHead } from '../lane-head';
import type { LaneParts } from '../lane-parts';
import type { ReplyHead } from '../message/reply-head';
import type { Input } from '../sockets/input';
import type { UpstreamConnection, UpstreamUser } from '../upstream/upstream-connection';
import { announceReply } from './announce';
import type { ExchangeClient } from './exchange-client';
import { outcomeOf } from './exchange-outcome';
import { tooLong } from './patience';
import { ReplyRelay } from './reply-relay';
import { seekSlot, type SlotSeeker } from './slot-wait';
import { Upload } from './upload';

const COMPLETE: Outcome = { kind: 'complete' };
const BUSY: Outcome = { kind: 'complete', busy: true };

/** An admitted request on its way to an instance and back: reserve, send, relay, release; again where that is safe. */
export class LaneExchange implements UpstreamUser, SlotSeeker {
  readonly upload: Upload;
  readonly reply: ReplyRelay;
  readonly toHead: boolean;
  upstream: UpstreamConnection | null = null;
  clientStalled = false;
  /** Monotonic milliseconds. */
  sentAt = 0;
  /** Of the last byte from or to the instance. */
  activeAt = 0;
  retries: Retries | null = null;
  onAbort: (() => void) | null = null;
  private slot: Slot | null = null;
  /** The instance said that it can take no more. */
  private busy = false;
  /** Why it is not to be sent at all, or not worth waiting for a slot any more. */
  private refusal: Error | null = null;
  /** How the first attempt ended, when the request goes out once more on a fresh connection. */
  private resent: Failure | null = null;

  constructor(
    readonly parts: LaneParts,
    readonly client: ExchangeClient,
    readonly head: LaneHead,
    readonly facts: RequestFacts,
    readonly admittance: Admittance,
  ) {
    this.upload = new Upload(head.fields.hasBody);
    this.reply = new ReplyRelay(client.wire);
    this.toHead = head.method === 'HEAD';
  }

  get requestComplete(): boolean {
    return this.upload.complete;
  }

  start(): void {
    this.admittance.series.inFlight.inc();
    if (this.refusal === null) seekSlot(this);
    else this.fail(this.refusal);
  }

  get wanted(): ReservableService {
    return this.admittance.wanted;
  }

  get arrivedAtMs(): number {
    return this.head.arrivedAtMs;
  }

  occupy(slot: Slot): void {
    this.onAbort = null;
    if (this.client.gone) {
      slot.release('client-error');
      return this.settle();
    }
    this.slot = slot;
    this.facts.slot = slot;
    this.send(slot);
  }

  private send(slot: Slot): void {
    this.sentAt = this.activeAt = this.parts.clock.now;
    const upstream = this.parts.pool.take(slot.host, slot.port, this.resent !== null);
    this.upstream = upstream;
    upstream.begin(this);
    if (upstream.connected) this.onConnect();
  }

  onConnect(): void {
    const { upstream, parts, upload } = this;
    if (upstream === null) return;
    this.activeAt = parts.clock.now;
    const text = requestHeadText(this.head, this.admittance.ownText, parts.product);
    upload.begin(upstream.wire, text, this.activeAt);
    if (upload.blockedAt === 0) this.client.resume();
  }

  /** A piece of the request body. */
  onUpload(input: Input, bytes: Buffer, from: number, to: number): void {
    this.activeAt = this.parts.clock.now;
    if (!this.upload.add(input, bytes, from, to, this.activeAt)) this.client.pause();
  }

  onDrain(): void {
    this.activeAt = this.parts.clock.now;
    this.upload.blockedAt = 0;
    this.client.wire.reclaim();
    this.client.resume();
  }

  onInterim(reply: ReplyHead): void {
    this.activeAt = this.parts.clock.now;
    this.client.wire.write(interimText(reply));
  }

  onReply(reply: ReplyHead): void {
    const { facts, parts, client } = this;
    facts.backendResponseMs = parts.clock.now - this.sentAt;
    this.busy = isBusy(reply.status);
    this.slot?.answered(this.busy);
    const connection = client.connectionText();
    const text = announceReply(reply, this, connection, parts);
    this.reply.begin(text, reply.framing);
  }

  onBody(input: Input, bytes: Buffer, from: number, to: number): void {
    this.activeAt = this.parts.clock.now;
    if (!this.reply.body(input, bytes, from, to)) this.upstream?.wire.pause();
  }

  onFlush(): void {
    this.reply.flush();
  }

  onReplyEnd(): void {
    this.upstream = null;
    if (this.slot !== null) {
      const outcome = this.busy ? BUSY : COMPLETE;
      releaseSlot(this.parts.asyncRequests, this.facts, this.slot, outcome);
    }
    this.reply.end();
    this.settle();
    this.client.replied();
  }

  /** The client takes bytes again. */
  onClientDrain(): void {
    const { upstream } = this;
    if (upstream === null) return;
    upstream.wire.reclaim();
    upstream.wire.resume();
  }

  /** The client does not read the reply. */
  onClientStall(): void {
    this.clientStalled = true;
    this.client.destroy();
  }

  /** The client hung up. */
  onClientGone(): void {
    this.onAbort?.();
    this.upstream?.wire.socket.destroy();
  }

  /** Looks whether somebody was silent for too long. @param now monotonic milliseconds */
  check(now: number): void {
    const limit = tooLong(this, now);
    if (limit !== null) this.giveUp(limit.reason, limit.words);
  }

  /** The exchange is not to be completed. */
  giveUp(reason: FailureReason, words: string): void {
    const error = new Error(words);
    if (this.upstream !== null) return this.upstream.fail(reason, error);
    this.refusal = failureError({ kind: 'failed', reason, error, stale: false, bodySent: false }, {});
    this.onAbort?.();
  }

  onClosed(upstream: UpstreamConnection): void {
    const { slot, client, head, upload, facts, parts } = this;
    if (slot === null) return;
    this.upstream = null;
    upload.detach();
    facts.backendResponseMs ??= performance.now() - this.sentAt;
    const outcome = afterResend(this.resent, outcomeOf(this, upstream));
    const again =
      outcome.kind === 'failed' && !client.gone ? retryOf(outcome, head.method, upload.hasBody) : 'no';
    if (again === 'same' && this.resent === null && outcome.kind === 'failed') {
      this.resent = outcome;
      return this.send(slot);
    }
    releaseSlot(parts.asyncRequests, facts, slot, outcome);
    if (again === 'other' && parts.options.retryOnConnectFailure) {
      this.retries ??= new Retries(parts.reservations);
      if (this.retries.isHope(this.wanted, slot)) return seekSlot(this);
    }
    if (outcome.kind === 'failed') {
      return this.fail(failureError(outcome, failureDetails(this.admittance.service, slot, outcome)));
    }
    this.settle();
    if (client.gone) return;
    this.onFlush();
    client.breakOff();
  }

  /** Nothing was sent to the client: it is told why. */
  fail(error: unknown): void {
    this.onAbort = null;
    this.settle();
    this.client.answerError(this.refusal ?? error);
  }

  fault(error: unknown): void {
    this.client.fault(error);
  }

  /** The exchange with the instance is over, and its slot given back. */
  private settle(): void {
    this.admittance.series.inFlight.dec();
    this.client.exchangeOver();
  }
}
