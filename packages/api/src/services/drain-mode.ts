import type { Clock } from '@waiter/core';

/** A router that an operator takes out of service for a while: `/status` says so, nothing else changes (spec: 4.14). */
export class DrainMode {
  private untilMs: number | null = null;
  private crash: boolean | null = null;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly clock: Clock,
    /** Ends the process in order. */
    private readonly quit: () => void,
  ) {}

  get active(): boolean {
    return this.untilMs !== null && this.clock.now() < this.untilMs;
  }

  /** Takes the place of what was ordered before. @param crash the process ends when the time is over */
  order(drainMs: number, crash: boolean): void {
    this.untilMs = this.clock.now() + drainMs;
    this.crash = crash;
    clearTimeout(this.timer);
    if (crash) this.timer = setTimeout(this.quit, drainMs).unref();
  }

  view(): Record<string, string | boolean> {
    return {
      ...(this.untilMs === null ? {} : { 'drain-until': new Date(this.untilMs).toISOString() }),
      ...(this.crash === null ? {} : { 'crash-process?': this.crash }),
    };
  }
}
