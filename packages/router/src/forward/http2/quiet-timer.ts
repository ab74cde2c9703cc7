/** Fires when nothing was heard for a time. `touch` costs a time stamp, not a timer. */
export class QuietTimer {
  private timer: NodeJS.Timeout | undefined;
  private heardAt = 0;

  constructor(
    private readonly timeoutMs: number,
    private readonly onQuiet: () => void,
  ) {}

  start(): void {
    this.touch();
    this.timer = setTimeout(this.check, this.timeoutMs);
  }

  touch(): void {
    this.heardAt = performance.now();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private readonly check = (): void => {
    const leftMs = this.heardAt + this.timeoutMs - performance.now();
    if (leftMs <= 0) {
      this.touch();
      this.onQuiet();
    }
    // Unless that has ended it.
    if (this.timer !== undefined) this.timer = setTimeout(this.check, leftMs > 0 ? leftMs : this.timeoutMs);
  };
}
