/** One point of the plots: means over the time since the point before, except for the queue, of which it is the most. */
export interface Sample {
  readonly atMs: number;
  readonly demand: number;
  readonly instances: number;
  readonly queued: number;
}

/** Time integrals of what is going on, and samples of them. */
export class Timeline {
  readonly samples: Sample[] = [];
  /** Integrals since the beginning, in units times milliseconds. */
  demandMs = 0;
  aliveMs = 0;
  busyMs = 0;
  private nowMs = 0;
  private lastSampleMs = 0;
  private sampledDemandMs = 0;
  private sampledAliveMs = 0;
  private mostQueued = 0;

  /** @param everyMs Infinity for no samples */
  constructor(private readonly everyMs: number) {}

  /** To be called before anything changes. */
  advance(toMs: number, inFlight: number, queued: number, alive: number): void {
    const elapsed = toMs - this.nowMs;
    if (elapsed > 0) {
      this.demandMs += elapsed * (inFlight + queued);
      this.busyMs += elapsed * inFlight;
      this.aliveMs += elapsed * alive;
      this.nowMs = toMs;
    }
    if (queued > this.mostQueued) this.mostQueued = queued;
    if (toMs - this.lastSampleMs >= this.everyMs) this.sample(toMs);
  }

  private sample(atMs: number): void {
    const elapsed = atMs - this.lastSampleMs;
    this.samples.push({
      atMs,
      demand: (this.demandMs - this.sampledDemandMs) / elapsed,
      instances: (this.aliveMs - this.sampledAliveMs) / elapsed,
      queued: this.mostQueued,
    });
    this.lastSampleMs = atMs;
    this.sampledDemandMs = this.demandMs;
    this.sampledAliveMs = this.aliveMs;
    this.mostQueued = 0;
  }
}
