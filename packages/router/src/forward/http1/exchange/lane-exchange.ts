import type { RequestFacts } from '../../../accept';
import type { Slot } from '../../../reserve';
import { debugHeaders, headersLogText, responseLogText } from '../../../respond';
import { failureDetails, MAX_RETRIES } from '../../forwarder';
import { afterResend, failureError, releaseOutcome, retryOf, type Failure } from '../../outcome';
import type { Admittance } from '../admission/admittance';
import { clientText, interimText, passedReply, requestHeadText } from '../head-text';
import type { LaneHead } from '../lane-head';
import type { LaneParts } from '../lane-parts';
import type { PassedReply, ReplyHead } from '../message/reply-head';
import type { ClientWire } from '../sockets/client-wire';
import type { Input } from '../sockets/input';
import type { UpstreamConnection, UpstreamUser } from '../upstream/upstream-connection';
import { outcomeOf } from './exchange-outcome';
import { ReplyRelay } from './reply-relay';
import { tooLong } from './patience';
import { Upload } from './upload';

/** The connection whose request is exchanged. */
export interface ExchangeClient {
  readonly wire: ClientWire;
  /** Nothing more can be said to the client. */
  readonly gone: boolean;
  /** How the client is told what becomes of its connection, as header lines. */
  connectionText(): string;
  pause(): void;
  resume(): void;
  /** The exchange with the instance is over. */
  exchangeOver(): void;
  /** The response is complete. */
  replied(): void;
  /** Nothing was sent to the client: it is told why. */
  answerError(error: unknown): void;
  /** The response cannot be completed. */
  breakOff(): void;
  destroy(): void;
  fault(error: unknown): void;
}

/** An admitted request on its way to an instance and back: reserve, send, relay, release; again where that is safe. */
export class LaneExchange implements UpstreamUser {
  readonly upload: Upload;
  readonly reply: ReplyRelay;
  readonly toHead: boolean;
  upstream: UpstreamConnection | null = null;
  clientStalled = false;
  /** Monotonic milliseconds. */
  sentAt = 0;
  /** Of the last byte from or to the instance. */
  activeAt = 0;
  private slot: Slot | null = null;
  private tried: Set<string> | null = null;
  private retriesLeft: number;
  /** How the first attempt ended, when the request goes out once more on a fresh connection. */
  private resent: Failure | null = null;
  private onAbort: (() => void) | null = null;

  constructor(
    readonly parts: LaneParts,
    readonly client: ExchangeClient,
    private readonly head: LaneHead,
    readonly facts: RequestFacts,
    private readonly admittance: Admittance,
  ) {
    this.upload = new Upload(head.fields.hasBody);
    this.reply = new ReplyRelay(client.wire);
    this.toHead = head.method === 'HEAD';
    this.retriesLeft = parts.options.retryOnConnectFailure ? MAX_RETRIES : 0;
  }

  get requestComplete(): boolean {
    return this.upload.complete;
  }

  start(): void {
    this.admittance.series.inFlight.inc();
    this.reserve();
  }

  /** Takes a slot: at once where one is at hand, else after waiting for it. */
  private reserve(): void {
    const { reservations, options, clock } = this.parts;
    const { head, tried } = this;
    const { wanted } = this.admittance;
    const slot = tried === null ? reservations.tryReserve(wanted, head.arrivedAtMs) : null;
    if (slot !== null) return this.occupy(slot);
    const waitedMs = tried === null ? 0 : Date.now() - head.arrivedAtMs;
    const { queueTimeoutMs } = this.facts.timeouts ?? options.timeouts;
    const waiting = reservations.reserve(wanted, {
      queueTimeoutMs: Math.max(1, queueTimeoutMs - waitedMs),
      arrivedAtMs: head.arrivedAtMs,
      onAbort: (listener) => (this.onAbort = listener),
      ...(tried === null ? {} : { exclude: tried }),
    });
    waiting
      .then(
        (found) => {
          clock.tick();
          this.occupy(found);
        },
        (error: unknown) => this.fail(error),
      )
      .catch((error: unknown) => this.client.fault(error));
  }

  private occupy(slot: Slot): void {
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
    upload.begin(upstream.wire.socket, text, this.activeAt);
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
    const { facts, head, parts, client } = this;
    facts.backendResponseMs = parts.clock.now - this.sentAt;
    const { corsHeaders } = facts;
    const passed =
      corsHeaders === null
        ? (reply.passed ??= passedReply(reply, parts.product))
        : passedReply(reply, parts.product, corsHeaders);
    let own = passed.hasCid ? '' : `x-cid: ${head.cid}\r\n`;
    if (head.debug) {
      const debug = debugHeaders(head, facts, parts.options.routerId);
      for (const name in debug) own += `${name}: ${debug[name]}\r\n`;
    }
    own += clientText(facts);
    this.reply.begin(`${passed.text}${own}${client.connectionText()}\r\n`, reply.framing);
    this.record(passed, reply.status);
  }

  private record(passed: PassedReply, status: number): void {
    const { head, facts, admittance } = this;
    const { recorder, clock } = this.parts;
    let texts = null;
    if (recorder.logs) {
      const request = (head.fields.logText ??= headersLogText(head));
      const response = (passed.logText ??= responseLogText(passed.headers));
      texts = { request, response };
    }
    recorder.record(head, facts, status, admittance.series, texts, clock.now);
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
    this.slot?.release('success');
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
    if (limit !== null) this.upstream?.fail(limit.reason, new Error(limit.words));
  }

  onClosed(upstream: UpstreamConnection): void {
    const { slot, client, head, upload, facts } = this;
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
    slot.release(releaseOutcome(outcome));
    if (again === 'other' && this.retriesLeft > 0) {
      this.retriesLeft -= 1;
      (this.tried ??= new Set()).add(slot.instanceId);
      return this.reserve();
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
  private fail(error: unknown): void {
    this.onAbort = null;
    this.settle();
    this.client.answerError(error);
  }

  /** The exchange with the instance is over, and its slot given back. */
  private settle(): void {
    this.admittance.series.inFlight.dec();
    this.client.exchangeOver();
  }
}
