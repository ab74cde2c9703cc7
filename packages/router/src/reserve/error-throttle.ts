/** By how much refusals are delayed when there are many (spec: request-path 6.8, `error-response-throttle`). */
export interface ThrottleRules {
  readonly maxDelayMs: number;
  readonly stepDelayMs: number;
  /** Refusals per second, averaged over a minute, for one step. */
  readonly stepSize: number;
}

export const DEFAULT_THROTTLE: ThrottleRules = { maxDelayMs: 2_000, stepDelayMs: 50, stepSize: 100 };

const TICK_MS = 5_000;
const ALPHA = 1 - Math.exp(-TICK_MS / 60_000);
/** After so many ticks without any the rate is nothing. */
const FORGOTTEN_TICKS = 200;

/** Refusals of one kind and service: a moving average over a minute, moved every five seconds. */
export class ErrorThrottle {
  private rate = 0;
  private counted = 0;
  private nextTickAt: number | null = null;
  private ticked = false;

  constructor(private readonly rules: ThrottleRules) {}

  /** Counts a refusal. @returns milliseconds to wait before it is told */
  delayMs(now: number): number {
    this.tick(now);
    this.counted += 1;
    const { maxDelayMs, stepDelayMs, stepSize } = this.rules;
    return Math.min(maxDelayMs, Math.floor(this.rate / stepSize) * stepDelayMs);
  }

  private tick(now: number): void {
    if (this.nextTickAt === null) this.nextTickAt = now + TICK_MS;
    if (now - this.nextTickAt > FORGOTTEN_TICKS * TICK_MS) {
      this.rate = 0;
      this.counted = 0;
      this.nextTickAt = now + TICK_MS;
    }
    for (; now >= this.nextTickAt; this.nextTickAt += TICK_MS) {
      const instant = this.counted / (TICK_MS / 1_000);
      this.rate = this.ticked ? this.rate + ALPHA * (instant - this.rate) : instant;
      this.ticked = true;
      this.counted = 0;
    }
  }
}
