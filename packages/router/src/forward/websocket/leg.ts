import type { Duplex } from 'node:stream';
import { FrameScanner } from './frame-scanner';

export interface LegEvents {
  /** Bytes arrived. */
  onActivity(): void;
  /** A close frame was passed on, or a frame came that may not be. */
  onNews(): void;
}

/** One direction of a WebSocket: passes frames on, no faster than they are taken, and knows where they end. */
export class Leg {
  readonly scanner: FrameScanner;
  /** Since when the receiver has not taken what was written, monotonic milliseconds; 0: it has. */
  blockedAt = 0;
  private rest: Buffer | null = null;
  /** What is to be said to the receiver instead of anything that follows the present frame. */
  private last: Buffer | null = null;
  private open = true;

  constructor(
    private readonly from: Duplex,
    private readonly to: Duplex,
    maxMessageBytes: number,
    private readonly events: LegEvents,
  ) {
    this.scanner = new FrameScanner(maxMessageBytes);
    from.on('data', (bytes: Buffer) => this.take(bytes));
    to.on('drain', () => {
      this.blockedAt = 0;
      from.resume();
    });
  }

  /** Also for bytes that were read before. */
  take(bytes: Buffer): void {
    this.events.onActivity();
    if (!this.open) return;
    const whole = this.rest === null ? bytes : Buffer.concat([this.rest, bytes]);
    this.rest = null;
    if (this.last !== null) return this.finishFrame(whole);
    const passed = this.scanner.scan(whole);
    if (passed > 0) this.pass(passed === whole.length ? whole : whole.subarray(0, passed));
    const { fault, closeCode } = this.scanner;
    // A copy: a few bytes must not keep the whole piece that they came in.
    if (passed < whole.length && fault === null) this.rest = Buffer.from(whole.subarray(passed));
    if (fault !== null || closeCode !== null) this.events.onNews();
  }

  private pass(bytes: Buffer): void {
    if (this.to.writableEnded || this.to.destroyed || this.to.write(bytes)) return;
    this.blockedAt ||= performance.now();
    this.from.pause();
  }

  /**
   * Says this to the receiver, between two frames, and passes nothing more; what still comes is dropped.
   * @returns false: a frame is under way, and it is said when that ends
   */
  endWith(frame: Buffer): boolean {
    if (!this.open) return true;
    this.last = frame;
    if (this.scanner.left > 0) return false;
    this.say();
    return true;
  }

  private finishFrame(bytes: Buffer): void {
    const passed = Math.min(this.scanner.left, bytes.length);
    this.scanner.left -= passed;
    if (passed > 0) this.pass(bytes.subarray(0, passed));
    if (this.scanner.left === 0) this.say();
  }

  private say(): void {
    if (this.last !== null) this.pass(this.last);
    this.open = false;
    this.rest = null;
    this.from.resume();
  }
}
