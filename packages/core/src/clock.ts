/** Time and timers as a value, so that tests own them. */
export interface Clock {
  /** Wall clock, epoch milliseconds: for what other machines read. */
  now(): number;
  /** Monotonic milliseconds: for deadlines and durations of this process. */
  monotonic(): number;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};

/** A clock that moves only when told to. */
export class ManualClock implements Clock {
  constructor(private nowMs = 1_700_000_000_000) {}
  now(): number {
    return this.nowMs;
  }
  monotonic(): number {
    return this.nowMs;
  }
  advance(ms: number): void {
    this.nowMs += ms;
  }
}
