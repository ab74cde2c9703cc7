import type { LoadResult } from '../load/load';

/** What a program that makes load counts, and the line in which it tells: a `LoadResult` as JSON. */
export class LoadReport {
  private readonly times: number[] = [];
  private readonly startedAt = performance.now();
  bytes = 0;
  errors = 0;

  /** One request, or message, and its answer. @param sentAt monotonic milliseconds */
  answered(sentAt: number): void {
    this.times.push(performance.now() - sentAt);
  }

  /** Ends the program. */
  tell(): never {
    const { bytes, errors } = this;
    const elapsed = (performance.now() - this.startedAt) / 1000;
    const times = Float64Array.from(this.times).sort();
    const at = (share: number): number => times[Math.floor(share * (times.length - 1))] ?? NaN;
    const result: LoadResult = {
      requests: times.length,
      perSecond: times.length / elapsed,
      bytesPerSecond: bytes / elapsed,
      errors,
      p50Ms: at(0.5),
      p99Ms: at(0.99),
    };
    process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
    return undefined as never;
  }
}
