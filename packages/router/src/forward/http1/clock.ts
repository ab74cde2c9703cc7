/**
 * Time within one callback of a socket: read once at its beginning, because a request would read it ten times otherwise.
 * Monotonic milliseconds, as all times of the lane.
 */
export class LaneClock {
  now = performance.now();

  /** To be called first in everything that node calls. */
  tick(): number {
    return (this.now = performance.now());
  }
}
