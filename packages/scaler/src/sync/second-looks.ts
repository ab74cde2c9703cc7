import type { ServiceId } from '@waiter/core';

/** What follows shortly is looked at in one go. */
const FIRST_MS = 100;
/** Between two looks. */
const BETWEEN_MS = 1_000;
/** More than this are cheaper in one list of everything. */
const ONE_BY_ONE = 8;

export interface Looks {
  one(id: ServiceId): Promise<void>;
  everything(): Promise<void>;
}

/**
 * Services of which the scheduler only said that something changed are asked for a little later, and not one by one when they are
 * many: in a start such news come beside those that matter, and to ask would hold these up on both sides.
 */
export class SecondLooks {
  private readonly ids = new Set<ServiceId>();
  private timer: NodeJS.Timeout | undefined;
  private lastAtMs = -Infinity;

  constructor(
    private readonly looks: Looks,
    private readonly monotonic: () => number,
    private readonly onError: (error: unknown) => void,
  ) {}

  want(id: ServiceId): void {
    this.ids.add(id);
    this.plan();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.ids.clear();
  }

  private plan(): void {
    if (this.timer !== undefined || this.ids.size === 0) return;
    const delayMs = Math.max(FIRST_MS, this.lastAtMs + BETWEEN_MS - this.monotonic());
    this.timer = setTimeout(() => void this.look(), delayMs).unref();
  }

  private async look(): Promise<void> {
    const ids = [...this.ids];
    this.ids.clear();
    this.lastAtMs = this.monotonic();
    try {
      if (ids.length > ONE_BY_ONE) await this.looks.everything();
      else for (const id of ids) await this.looks.one(id);
    } catch (error) {
      this.onError(error);
    } finally {
      this.timer = undefined;
      this.plan();
    }
  }
}
