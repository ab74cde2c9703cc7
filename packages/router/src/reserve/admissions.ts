/**
 * Where a request that waits stands with the fleet-wide `max-queue-length`: not told of; in an exchange that is under way;
 * told of, while idle slots elsewhere are being recalled; admitted to wait.
 */
export type Stage = 'fresh' | 'proposed' | 'pending' | 'admitted';

interface Judged {
  stage: Stage;
  /** False once it left the queue. */
  queued: boolean;
  readonly options: { readonly prioritised?: boolean };
}

/**
 * Which of a worker's requests may wait. Redis admits: it alone knows how many wait elsewhere, and whether a slot is free
 * somewhere, so that a burst which finds slots is no queue. A request is looked at three times at most.
 */
export class Admissions<T extends Judged> {
  private readonly counts: Record<Stage, number> = { fresh: 0, proposed: 0, pending: 0, admitted: 0 };
  private fresh: T[] = [];
  private proposed: T[] = [];
  private pending: T[] = [];

  get admitted(): number {
    return this.counts.admitted;
  }

  /** Requests of which nobody has decided yet. */
  get undecided(): number {
    const { fresh, proposed, pending } = this.counts;
    return fresh + proposed + pending;
  }

  /** Requests that the next exchange decides upon. */
  get due(): number {
    return this.counts.pending;
  }

  enter(request: T): void {
    request.stage = 'fresh';
    this.counts.fresh += 1;
    this.fresh.push(request);
  }

  leave(request: T): void {
    this.counts[request.stage] -= 1;
  }

  /** What an exchange says: requests that stay whatever happens, and those that it tells of for the first time. */
  propose(): { admitted: number; fresh: number } {
    this.proposed = [...this.proposed, ...this.fresh].filter(({ queued }) => queued);
    this.fresh = [];
    for (const request of this.proposed) this.move(request, 'proposed');
    return { admitted: this.counts.admitted, fresh: this.counts.proposed };
  }

  /**
   * What came back: so many of these requests may wait.
   * @returns those that may not, the last ones, prioritised ones the very last; they are still to leave
   */
  decide(admitted: number): T[] {
    const judged = this.pending.filter(({ queued }) => queued);
    const excess = Math.max(0, this.counts.admitted + judged.length - admitted);
    judged.sort((a, b) => Number(b.options.prioritised ?? false) - Number(a.options.prioritised ?? false));
    const refused = judged.splice(Math.max(0, judged.length - excess));
    for (const request of judged) this.move(request, 'admitted');
    const proposed = this.proposed.filter(({ queued }) => queued);
    const isRoom = refused.length === 0 && this.counts.admitted + proposed.length <= admitted;
    for (const request of proposed) this.move(request, isRoom ? 'admitted' : 'pending');
    this.pending = isRoom ? [] : proposed;
    this.proposed = [];
    return refused;
  }

  private move(request: T, stage: Stage): void {
    this.counts[request.stage] -= 1;
    this.counts[stage] += 1;
    request.stage = stage;
  }
}
