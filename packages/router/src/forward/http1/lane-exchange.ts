import type { ResolvedService } from '@waiter/core';
import type { RequestFacts, RequestHead } from '../../accept';
import type { Slot } from '../../reserve';
import { debugHeaders } from '../../respond';
import type { ServiceMetrics } from '../../worker-metrics';
import { failureDetails, MAX_RETRIES, outgoingRequest, reservable } from '../forwarder';
import {
  afterResend,
  failureError,
  releaseOutcome,
  retryOf,
  type Failure,
  type FailureReason,
  type Outcome,
} from '../outcome';
import { responseHeaders } from '../response-headers';
import type { ClientConnection } from './client-connection';
import { connectionLines, interimText, replyHeadText, requestHeadText } from './head-text';
import type { LaneParts } from './lane-parts';
import type { Reply } from './reply-scan';
import type { StartedRequest } from './request-start';
import type { UpstreamConnection, UpstreamUser } from './upstream-connection';

/** A body piece up to this size leaves in the same string as its head. */
const JOINED_BYTES = 4_096;

/** An admitted request on its way to an instance and back: reserve, send, relay, release; again where that is safe. */
export class LaneExchange implements UpstreamUser {
  /** Pieces of the request body that wait for a connection; a retry needs them whole. */
  private held: Buffer[] = [];
  requestComplete = false;
  private bodySent = false;
  headSent = false;
  private headText = '';
  private framing: Reply['framing'] = 'none';
  private slot: Slot | null = null;
  private upstream: UpstreamConnection | null = null;
  private tried: Set<string> | null = null;
  private retriesLeft: number;
  /** How the first attempt ended, when the request goes out once more on a fresh connection. */
  private resent: Failure | null = null;
  private sentAt = 0;
  /** Monotonic milliseconds of the last byte from or to the instance. */
  private activeAt = 0;
  private uploadBlockedAt = 0;
  private clientStalled = false;
  private onAbort: (() => void) | null = null;
  private readonly series: ServiceMetrics;
  private readonly head: RequestHead;
  private readonly facts: RequestFacts;
  private readonly hasBody: boolean;
  readonly toHead: boolean;

  constructor(
    private readonly parts: LaneParts,
    private readonly client: ClientConnection,
    request: StartedRequest,
    private readonly service: ResolvedService,
  ) {
    this.head = request.head;
    this.facts = request.facts;
    this.hasBody = request.hasBody;
    this.toHead = this.head.method === 'HEAD';
    this.retriesLeft = parts.options.retryOnConnectFailure ? MAX_RETRIES : 0;
    this.series = parts.metrics.of(service.serviceId);
  }

  get streamingTimeoutMs(): number {
    return (this.facts.timeouts ?? this.parts.options.timeouts).streamingTimeoutMs;
  }

  start(): void {
    this.series.inFlight.inc();
    this.reserve();
  }

  /** Takes a slot: at once where one is at hand, else after waiting for it. */
  private reserve(): void {
    const { reservations, options } = this.parts;
    const { head, tried } = this;
    const wanted = reservable(this.service);
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
        (found) => this.occupy(found),
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
    this.send();
  }

  private send(): void {
    const { slot } = this;
    if (slot === null) return;
    this.sentAt = this.activeAt = performance.now();
    const upstream = this.parts.pool.take(slot.host, slot.port, this.resent !== null);
    this.upstream = upstream;
    upstream.begin(this);
    if (upstream.connected) this.onConnect();
  }

  /** There is a connection: the head goes, and now the body may flow. */
  onConnect(): void {
    const { upstream, head, held } = this;
    if (upstream === null) return;
    this.activeAt = performance.now();
    const { socket } = upstream;
    const outgoing = outgoingRequest(head, this.facts, this.service, this.parts);
    const text = requestHeadText(head.method, head.target, outgoing);
    this.bodySent = this.hasBody;
    if (held.length === 0) {
      socket.write(text, 'latin1');
    } else {
      socket.cork();
      socket.write(text, 'latin1');
      for (const piece of held) socket.write(piece);
      socket.uncork();
      this.held = [];
    }
    if (socket.writableNeedDrain) this.uploadBlockedAt = this.activeAt;
    else this.client.resume();
  }

  /** A piece of the request body. */
  upload(piece: Buffer): void {
    const { upstream } = this;
    if (upstream === null || !upstream.connected || this.held.length > 0) {
      this.held.push(piece);
      if (!this.requestComplete) this.client.pause();
      return;
    }
    this.activeAt = performance.now();
    if (upstream.socket.write(piece)) return;
    this.uploadBlockedAt = this.activeAt;
    this.client.pause();
  }

  onDrain(): void {
    this.activeAt = performance.now();
    this.uploadBlockedAt = 0;
    this.client.resume();
  }

  onInterim(reply: Reply): void {
    this.activeAt = performance.now();
    this.client.write(interimText(reply));
  }

  onReply(reply: Reply): void {
    const { facts, head, parts, client } = this;
    facts.backendResponseMs = performance.now() - this.sentAt;
    const headers = responseHeaders(reply.rawHeaders, reply.httpVersion, {
      cid: head.cid,
      product: parts.product,
      debug: debugHeaders(head, facts, parts.options.routerId),
    });
    const connection = connectionLines(client.keepsAlive(), parts.clientIdleSeconds);
    this.headText = replyHeadText(reply, headers, connection);
    this.framing = reply.framing;
    this.headSent = true;
    parts.onHead(head, facts, reply.status, headers);
  }

  onBody(bytes: Buffer, from: number, to: number): void {
    const { client, headText } = this;
    this.activeAt = performance.now();
    this.headText = '';
    const size = to - from;
    const rechunked = this.framing === 'until-close';
    const before = rechunked ? `${headText}${size.toString(16)}\r\n` : headText;
    const after = rechunked ? '\r\n' : '';
    let flows: boolean;
    if (before !== '' && size <= JOINED_BYTES) {
      flows = client.write(`${before}${bytes.toString('latin1', from, to)}${after}`);
    } else {
      const piece = from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to);
      flows = client.writePieces(before, piece, after);
    }
    if (!flows) this.upstream?.socket.pause();
  }

  onFlush(): void {
    if (this.headText === '') return;
    this.client.write(this.headText);
    this.headText = '';
  }

  onReplyEnd(): void {
    this.upstream = null;
    this.slot?.release('success');
    const last = this.framing === 'until-close' ? '0\r\n\r\n' : '';
    if (this.headText !== '' || last !== '') this.client.write(this.headText + last);
    this.settle();
    this.client.replied();
  }

  /** The client takes bytes again. */
  onClientDrain(): void {
    this.upstream?.socket.resume();
  }

  /** The client does not read the reply. */
  onClientStall(): void {
    this.clientStalled = true;
    this.client.destroy();
  }

  /** The client hung up. */
  onClientGone(): void {
    this.onAbort?.();
    this.upstream?.socket.destroy();
  }

  /** Looks whether somebody was silent for too long (spec: request-path 4). @param now monotonic milliseconds */
  check(now: number): void {
    const { upstream } = this;
    if (upstream === null) return;
    const { timeouts } = this.parts.options;
    if (!upstream.connected) {
      if (now - this.sentAt >= timeouts.connectTimeoutMs) this.abort('connect', 'connect timeout');
      return;
    }
    const { socketTimeoutMs, streamingTimeoutMs } = this.facts.timeouts ?? timeouts;
    if (this.uploadBlockedAt > 0) {
      if (now - this.uploadBlockedAt >= streamingTimeoutMs) this.abort('upload-stalled', 'upload stalled');
      return;
    }
    // The client is the one that does not move; its own timer decides.
    if (this.client.blocked || now - this.activeAt < socketTimeoutMs) return;
    this.abort(!this.requestComplete && !this.headSent ? 'client-idle' : 'idle', 'idle timeout');
  }

  private abort(reason: FailureReason, words: string): void {
    this.upstream?.fail(reason, new Error(words));
  }

  onClosed(upstream: UpstreamConnection): void {
    const { slot, client, head } = this;
    if (slot === null) return;
    this.upstream = null;
    this.uploadBlockedAt = 0;
    this.facts.backendResponseMs ??= performance.now() - this.sentAt;
    const outcome = afterResend(this.resent, this.outcomeOf(upstream));
    const again =
      outcome.kind === 'failed' && !client.gone ? retryOf(outcome, head.method, this.hasBody) : 'no';
    if (again === 'same' && this.resent === null && outcome.kind === 'failed') {
      this.resent = outcome;
      return this.send();
    }
    slot.release(releaseOutcome(outcome));
    if (again === 'other' && this.retriesLeft > 0) {
      this.retriesLeft -= 1;
      (this.tried ??= new Set()).add(slot.instanceId);
      return this.reserve();
    }
    if (outcome.kind === 'failed') {
      return this.fail(failureError(outcome, failureDetails(this.service, slot, outcome)));
    }
    this.settle();
    if (client.gone) return;
    this.onFlush();
    client.breakOff();
  }

  private outcomeOf({ failure, reused, silent }: UpstreamConnection): Outcome {
    const { client, bodySent } = this;
    if (this.clientStalled) return { kind: 'truncated', by: 'client' };
    if (client.gone) return { kind: 'client-gone' };
    if (this.headSent) return { kind: 'truncated', by: 'instance' };
    const { reason, error } = failure ?? { reason: 'broken' as const, error: hangUp() };
    const stale = reason === 'broken' && reused && silent && isReset(error);
    return { kind: 'failed', reason, error, stale, bodySent };
  }

  /** Nothing was sent to the client: it is told why. */
  private fail(error: unknown): void {
    this.onAbort = null;
    this.settle();
    this.client.answerError(error, this.head, this.facts);
  }

  /** The exchange with the instance is over, and its slot given back. */
  private settle(): void {
    this.held = [];
    this.series.inFlight.dec();
    this.client.exchangeOver();
  }
}

function hangUp(): NodeJS.ErrnoException {
  return Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
}

function isReset({ code }: NodeJS.ErrnoException): boolean {
  return code === 'ECONNRESET' || code === 'EPIPE';
}
