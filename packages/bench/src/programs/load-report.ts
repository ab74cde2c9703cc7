import type { LoadResult } from '../load/load';

/** What a program that makes load counts, and the line in which it tells: a `LoadResult` as JSON. */
export class LoadReport {
  private readonly times: number[] = [];
  private readonly startedAt = performance.now();
  bytes = 0;
  private readonly failures = new Map<string, number>();

  /** One request, or message, and its answer. @param sentAt monotonic milliseconds */
  answered(sentAt: number): void {
    this.times.push(performance.now() - sentAt);
  }

  failed(why: string): void {
    this.failures.set(why, (this.failures.get(why) ?? 0) + 1);
  }

  /** Ends the program; what failed is told on stderr. */
  tell(): never {
    const { bytes, failures } = this;
    const errors = [...failures.values()].reduce((sum, count) => sum + count, 0);
    for (const [why, count] of failures) process.stderr.write(`${count} x ${why}\n`);
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
