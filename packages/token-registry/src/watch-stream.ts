import type { Json } from '@waiter/core';
import type { Response } from 'express';

export interface WatchStreamOptions {
  /** The stream ends when nothing was told for so long. */
  readonly idleTimeoutMs: number;
  /** An empty line is sent so often, so that no proxy on the way takes the connection for dead; default 5 s. */
  readonly watchHeartbeatMs?: number;
  /** True once this process ends: watchers are sent away, and go on elsewhere by `since`. */
  readonly isDraining?: () => boolean;
  /** Called once, however it ends. */
  readonly onEnd: () => void;
}

/** A watcher that is so many objects behind is cut off: what it has not read lies in our memory. */
const MAX_LAG = 1_000;
/** The list of all tokens must fit. */
const MAX_UNREAD_BYTES = 64 * 1024 * 1024;
const MAX_TIMER_MS = 2 ** 31 - 1;
const LOOK_MS = 250;

/** One watcher's response: lines of JSON, heartbeats, and its end (spec: services-and-tokens 4.2.2). */
export class WatchStream {
  private readonly heartbeat: NodeJS.Timeout;
  private idle: NodeJS.Timeout | undefined;
  private lag = 0;
  private isOver = false;
  private beatAt = performance.now();

  constructor(
    private readonly response: Response,
    private readonly options: WatchStreamOptions,
  ) {
    this.heartbeat = setInterval(() => this.beat(), LOOK_MS);
    this.heartbeat.unref();
    response.once('close', () => this.abandon());
    // Gone before anybody listened.
    if (response.destroyed) this.abandon();
  }

  get ended(): boolean {
    return this.isOver;
  }

  /** @param position id of the event, by which a watcher can go on */
  send(type: 'INITIAL' | 'EVENTS', position: string, object: readonly Json[]): void {
    if (this.isOver) return;
    if (!this.response.headersSent) {
      this.response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' });
    }
    this.lag += 1;
    const line = `${JSON.stringify({ id: position, object, type, 'reference-type': 'token' })}\n`;
    this.response.write(line, () => (this.lag -= 1));
    if (this.lag > MAX_LAG || this.response.writableLength > MAX_UNREAD_BYTES) {
      this.response.destroy();
      return;
    }
    clearTimeout(this.idle);
    this.idle = setTimeout(() => this.end(), Math.min(this.options.idleTimeoutMs, MAX_TIMER_MS));
    this.idle.unref();
  }

  /** Runs what may fail after the response has begun: then it can only be cut off. */
  guard(work: () => void): void {
    try {
      work();
    } catch {
      this.response.destroy();
    }
  }

  /** The watcher is sent away; one that does not read is cut off. */
  end(): void {
    if (this.isOver) return;
    this.abandon();
    if (this.response.writableNeedDrain) this.response.destroy();
    else this.response.end();
  }

  /** Frees everything, and leaves the response to the caller. */
  abandon(): void {
    if (this.isOver) return;
    this.isOver = true;
    clearInterval(this.heartbeat);
    clearTimeout(this.idle);
    this.options.onEnd();
  }

  private beat(): void {
    if (this.options.isDraining?.() === true) {
      this.end();
      return;
    }
    const { watchHeartbeatMs = 5_000 } = this.options;
    const now = performance.now();
    if (now - this.beatAt < watchHeartbeatMs) return;
    this.beatAt = now;
    if (this.response.headersSent && !this.response.writableNeedDrain) this.response.write('\n');
  }
}
