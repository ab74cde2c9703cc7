interface Meter {
  count: number;
  atMs: number;
  rate: number;
}

const MINUTE_S = 60;
/** Whoever asks more often gets the rate of before: differences of so few events say nothing. */
const LEAST_MS = 1_000;

/**
 * Events per second, averaged exponentially over a minute, as the original's meters. They are brought up to date when
 * somebody looks, with the time that has passed; counting stays as cheap as adding one.
 */
export class Rates {
  private meters = new Map<string, Meter>();

  /** @param startedAtMs since when is counted, for the first look */
  constructor(private readonly startedAtMs: number) {}

  /** Takes all counts of one moment; what is not among them is forgotten. @returns rates per second */
  update(counts: ReadonlyMap<string, number>, nowMs: number): ReadonlyMap<string, number> {
    const next = new Map<string, Meter>();
    for (const [key, count] of counts) next.set(key, this.advance(this.meters.get(key), count, nowMs));
    this.meters = next;
    return new Map([...next].map(([key, { rate }]) => [key, rate]));
  }

  private advance(before: Meter | undefined, count: number, nowMs: number): Meter {
    if (before === undefined) {
      const seconds = Math.max(LEAST_MS, nowMs - this.startedAtMs) / 1000;
      return { count, atMs: nowMs, rate: count / seconds };
    }
    const elapsedMs = nowMs - before.atMs;
    if (elapsedMs < LEAST_MS) return before;
    const seconds = elapsedMs / 1000;
    // A worker that was replaced counts from the beginning.
    const events = count >= before.count ? count - before.count : count;
    const weight = 1 - Math.exp(-seconds / MINUTE_S);
    return { count, atMs: nowMs, rate: before.rate + weight * (events / seconds - before.rate) };
  }
}
