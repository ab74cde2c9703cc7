const WINDOW_MS = 1_000;

/** Counts the requests of one connection, so that one client cannot have a worker for itself. */
export class RequestRate {
  private since = -Infinity;
  private count = 0;

  /**
   * @param now monotonic milliseconds
   * @param perSecond 0: any number
   * @returns whether another request may be served now
   */
  allows(now: number, perSecond: number): boolean {
    if (perSecond === 0) return true;
    if (now - this.since >= WINDOW_MS) {
      this.since = now;
      this.count = 0;
    }
    this.count += 1;
    return this.count <= perSecond;
  }
}
