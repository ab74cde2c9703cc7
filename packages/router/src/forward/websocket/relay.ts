import type { Duplex } from 'node:stream';
import type { Outcome } from '../outcome';
import { closeFrame } from './close-frame';
import type { FrameFault } from './frame-scanner';
import { Leg } from './leg';

/** After an end on one side: time for the other's last words (RFC 6455 7.1.1). */
const LAST_WORDS_MS = 1_000;
/** So long may the client take to answer a close frame of the router. */
const CLOSING_MS = 2_000;

const COMPLETE: Outcome = { kind: 'complete' };
const BY_CLIENT: Outcome = { kind: 'truncated', by: 'client' };
const BY_INSTANCE: Outcome = { kind: 'truncated', by: 'instance' };

const NORMAL = 1000;
const GOING_AWAY = 1001;
const PROTOCOL_ERROR = 1002;
const NO_STATUS = 1005;
const ABNORMAL = 1006;
const MESSAGE_TOO_BIG = 1009;
const INTERNAL_ERROR = 1011;

export interface RelayOptions {
  readonly client: Duplex;
  readonly instance: Duplex;
  readonly maxMessageBytes: number;
  /** Silence of both sides. */
  readonly idleMs: number;
  /** One side does not take what the other sends. */
  readonly stallMs: number;
  /** Called once, when the connection to the instance is closed. */
  readonly onOver: (end: RelayEnd) => void;
}

/** How a WebSocket ended. */
export interface RelayEnd {
  readonly outcome: Outcome;
  /** Of the first close frame, of the router's where it came first; 1006: there was none (RFC 6455 7.4). */
  readonly code: number;
}

/**
 * An open WebSocket: frames pass in both directions unchanged, whatever subprotocol and extensions the two ends have agreed
 * on (spec: request-path 5.7). The router speaks up only to close: when both are silent, when a message is too large, and
 * when one of the machines is to stop.
 */
export class WebSocketRelay {
  private readonly toInstance: Leg;
  private readonly toClient: Leg;
  private end: RelayEnd | null = null;
  /** When the router began to close the connection, and when one side ended it; 0: not yet. Monotonic milliseconds. */
  private closingAt = 0;
  private endedAt = 0;
  private activeAt = performance.now();
  /** When the client last sent something. */
  clientActiveAt = this.activeAt;

  constructor(private readonly options: RelayOptions) {
    const { client, instance, maxMessageBytes } = options;
    this.toInstance = new Leg(client, instance, maxMessageBytes, {
      onActivity: () => (this.clientActiveAt = this.activeAt = performance.now()),
      onNews: () => this.fromClient(),
    });
    this.toClient = new Leg(instance, client, maxMessageBytes, {
      onActivity: () => (this.activeAt = performance.now()),
      onNews: () => this.fromInstance(),
    });
    for (const socket of [client, instance]) socket.on('error', () => undefined);
    client.once('end', () => this.clientEnded());
    client.once('close', () => this.clientEnded());
    instance.once('end', () => this.instanceEnded());
    instance.once('close', () => {
      this.instanceEnded();
      options.onOver(this.conclude(ABNORMAL, BY_INSTANCE));
    });
  }

  /** @param fromClient, fromInstance what was read with the handshakes */
  start(fromClient: Buffer, fromInstance: Buffer): void {
    const { client, instance } = this.options;
    if (fromInstance.length > 0) this.toClient.take(fromInstance);
    if (fromClient.length > 0) this.toInstance.take(fromClient);
    // Either may have ended while nobody listened.
    if (client.destroyed || client.readableEnded) this.clientEnded();
    else client.resume();
    instance.resume();
  }

  get closed(): boolean {
    return this.options.client.closed && this.options.instance.closed;
  }

  private fromClient(): void {
    const { fault, closeCode } = this.toInstance.scanner;
    if (closeCode !== null) this.conclude(closeCode, clientOutcome(closeCode));
    if (fault === null) return;
    const code = fault.kind === 'malformed' ? PROTOCOL_ERROR : MESSAGE_TOO_BIG;
    const words = this.wordsFor(fault);
    this.toInstance.endWith(closeFrame(code, words, true));
    this.close(code, words, BY_CLIENT);
  }

  private fromInstance(): void {
    const { fault, closeCode } = this.toClient.scanner;
    if (closeCode !== null) this.conclude(closeCode, instanceOutcome(closeCode));
    if (fault === null) return;
    const code = fault.kind === 'malformed' ? PROTOCOL_ERROR : INTERNAL_ERROR;
    this.close(code, this.wordsFor(fault), BY_INSTANCE);
  }

  private wordsFor(fault: FrameFault): string {
    if (fault.kind === 'malformed') return 'malformed frame';
    const { maxMessageBytes } = this.options;
    return `${fault.message} message size [${fault.size}] exceeds maximum size [${maxMessageBytes}]`;
  }

  /**
   * Ends the connection from the middle: the client is told, answers, and its answer ends it at the instance. What the client
   * sends until then still arrives.
   */
  close(code: number, reason: string, outcome: Outcome = COMPLETE): void {
    if (this.closingAt > 0 || this.endedAt > 0) return;
    this.closingAt = performance.now();
    this.conclude(code, outcome);
    this.toClient.endWith(closeFrame(code, reason, false));
  }

  /** The first to say how it ends is right. */
  private conclude(code: number, outcome: Outcome): RelayEnd {
    return (this.end ??= { code, outcome });
  }

  /** What the instance still has to say reaches the client. */
  private clientEnded(): void {
    this.conclude(ABNORMAL, BY_CLIENT);
    this.endedAt ||= performance.now();
    this.options.instance.end();
  }

  private instanceEnded(): void {
    this.conclude(ABNORMAL, BY_INSTANCE);
    this.endedAt ||= performance.now();
    const { client } = this.options;
    client.end();
    // Read on, or its own end is never seen.
    client.resume();
  }

  destroy(): void {
    this.options.client.destroy();
    this.options.instance.destroy();
  }

  /** Looks whether somebody took too long. @param now monotonic milliseconds */
  check(now: number): void {
    const { client, instance, idleMs, stallMs } = this.options;
    const stalled = (leg: Leg): boolean => leg.blockedAt > 0 && now - leg.blockedAt >= stallMs;
    if (stalled(this.toClient)) this.cut(BY_CLIENT);
    else if (stalled(this.toInstance)) this.cut(BY_INSTANCE);
    else if (this.endedAt > 0) {
      const unsent = client.writableLength > 0 || instance.writableLength > 0;
      if (now - this.endedAt >= (unsent ? stallMs : LAST_WORDS_MS)) this.destroy();
    } else if (this.closingAt > 0) {
      if (now - this.closingAt >= CLOSING_MS) this.giveUpClosing();
    } else if (now - this.activeAt >= idleMs) {
      this.close(INTERNAL_ERROR, 'Idle Timeout', BY_CLIENT);
    }
  }

  /** The client did not answer the close frame, or the instance not the client's. */
  private giveUpClosing(): void {
    const { toInstance } = this;
    if (toInstance.scanner.closeCode === null)
      toInstance.endWith(closeFrame(this.end?.code ?? INTERNAL_ERROR, '', true));
    this.clientEnded();
    this.instanceEnded();
  }

  /** The side that does not read cannot be told. */
  private cut(outcome: Outcome): void {
    this.conclude(ABNORMAL, outcome);
    this.destroy();
  }
}

function clientOutcome(code: number): Outcome {
  return code === NORMAL || code === NO_STATUS ? COMPLETE : BY_CLIENT;
}

/** In the original an instance that said 1001, because it was stopping, counted as failed. */
function instanceOutcome(code: number): Outcome {
  return code === NORMAL || code === NO_STATUS || code === GOING_AWAY ? COMPLETE : BY_INSTANCE;
}
