import type { Clock } from '@waiter/core';

/** Marathon's form of a time: UTC with three fraction digits, e.g. `2014-09-12T23:28:21.737Z`. */
export function timestamp(epochMs: number): string {
  return new Date(epochMs).toISOString();
}

/**
 * Versions of apps and deployments are timestamps. Two changes in one millisecond must still differ, since clients use a
 * version as a key, so each is later than the one before.
 */
export class VersionClock {
  /** @param last the newest version that was given out already, epoch ms */
  constructor(
    private readonly clock: Clock,
    private last = 0,
  ) {}

  next(): string {
    this.last = Math.max(this.clock.now(), this.last + 1);
    return timestamp(this.last);
  }
}
