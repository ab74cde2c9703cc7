import { Peaks } from './peaks';

/** Slots held beyond the peak, as a part of it: taken ahead while demand grows, and the least that is worth giving back. */
const GROWTH = 0.25;
/** Most slots that are taken ahead at once. */
const MOST_AHEAD = 64;
/** Seconds whose peak is held while the service is used. A shorter memory gives slots back that the next swing needs. */
const PEAK_S = 10;

/** How many slots a worker wants to hold, from what it needed lately. */
export class LeasePlan {
  private readonly peaks = new Peaks();
  private readonly recentS: number;

  /** @param idleMs a service that is not used for so long needs no slots */
  constructor(idleMs: number) {
    this.recentS = Math.max(1, Math.round(idleMs / 1_000)) + 1;
  }

  note(now: number, inUse: number): void {
    this.peaks.note(now, inUse);
  }

  /** Slots that nobody here will miss, while nobody waits. */
  surplus(now: number, held: number, inUse: number): number {
    const idle = held - inUse;
    if (idle <= 0) return 0;
    if (this.peaks.peak(now, this.recentS) === 0) return idle;
    const excess = Math.min(idle, held - this.kept(now));
    return excess > held * GROWTH ? excess : 0;
  }

  /** Slots to take beyond those for the queue. */
  ahead(now: number, held: number, queued: number): number {
    const wanted = Math.max(Math.floor(held * GROWTH), this.kept(now) - held - queued);
    return Math.min(MOST_AHEAD, Math.max(0, wanted));
  }

  private kept(now: number): number {
    return Math.floor(this.peaks.peak(now, PEAK_S) * (1 + GROWTH));
  }
}
