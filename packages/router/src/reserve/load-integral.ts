/**
 * Time integrals of a worker's load for one service, from samples: nothing is done per request. By Little's law the time
 * that a request holds its slot is the integral of those in flight over the number that ended.
 */
export class LoadIntegral {
  /** In request-milliseconds. */
  inFlightMs = 0;
  demandMs = 0;
  private sampledAtMs: number | null = null;
  private inFlight = 0;
  private queued = 0;

  /** @param nowMs monotonic */
  sample(nowMs: number, inFlight: number, queued: number): void {
    const elapsedMs = nowMs - (this.sampledAtMs ?? nowMs);
    const meanInFlight = (this.inFlight + inFlight) / 2;
    this.inFlightMs += elapsedMs * meanInFlight;
    this.demandMs += elapsedMs * (meanInFlight + (this.queued + queued) / 2);
    this.sampledAtMs = nowMs;
    this.inFlight = inFlight;
    this.queued = queued;
  }
}
