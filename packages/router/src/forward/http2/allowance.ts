/** A budget that fills up again with time: so many at once, and so many a second. */
export class Allowance {
  private left: number;
  private at = performance.now();

  constructor(
    private readonly burst: number,
    private readonly perSecond: number,
  ) {
    this.left = burst;
  }

  /** Something was taken from it. */
  get touched(): boolean {
    return this.left < this.burst;
  }

  /** @returns false: there is nothing left */
  take(): boolean {
    const now = performance.now();
    this.left = Math.min(this.burst, this.left + ((now - this.at) / 1_000) * this.perSecond) - 1;
    this.at = now;
    return this.left >= 0;
  }
}
