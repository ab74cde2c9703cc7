/** What one run came to. Waits are from arrival to the slot; percentiles are by nearest rank over all requests. */
export interface Figures {
  readonly requests: number;
  readonly waitP50Ms: number;
  readonly waitP99Ms: number;
  readonly waitP999Ms: number;
  readonly waitMeanMs: number;
  readonly waitMaxMs: number;
  /** Share of the requests that waited longer than a mean start-up, in [0, 1]. */
  readonly waitedOverStartup: number;
  /** From the request for an instance to its end, summed; starting and draining ones cost too. */
  readonly instanceSeconds: number;
  readonly startsPlusStops: number;
  /** How often a request came while no instance was ready and none had waited for one before it. */
  readonly coldStarts: number;
  /** Share of the slots paid for that were in use, in [0, 1]. */
  readonly utilization: number;
}

/** Collects waits. Most are 0, so only the others are kept; a day of a million requests fits easily. */
export class Waits {
  private count = 0;
  private sum = 0;
  private over = 0;
  private positive = new Float64Array(1024);
  private kept = 0;

  constructor(private readonly startupMs: number) {}

  add(ms: number): void {
    this.count += 1;
    if (ms <= 0) return;
    this.sum += ms;
    if (ms > this.startupMs) this.over += 1;
    if (this.kept === this.positive.length) {
      const larger = new Float64Array(this.kept * 2);
      larger.set(this.positive);
      this.positive = larger;
    }
    this.positive[this.kept++] = ms;
  }

  figures(): Pick<
    Figures,
    'requests' | 'waitP50Ms' | 'waitP99Ms' | 'waitP999Ms' | 'waitMeanMs' | 'waitMaxMs' | 'waitedOverStartup'
  > {
    const sorted = this.positive.subarray(0, this.kept).sort();
    const zeros = this.count - this.kept;
    const percentile = (share: number): number => {
      const rank = Math.ceil(share * this.count) - 1;
      return rank < zeros ? 0 : (sorted[rank - zeros] ?? 0);
    };
    const each = Math.max(1, this.count);
    return {
      requests: this.count,
      waitP50Ms: percentile(0.5),
      waitP99Ms: percentile(0.99),
      waitP999Ms: percentile(0.999),
      waitMeanMs: this.sum / each,
      waitMaxMs: sorted[sorted.length - 1] ?? 0,
      waitedOverStartup: this.over / each,
    };
  }
}
