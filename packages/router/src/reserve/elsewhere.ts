/** A remote request counts as earlier only beyond this: handing a slot over costs a round trip and wins nothing for less. */
const FIFO_SLACK_MS = 10;
/** How long a recall is remembered without news: the waiting worker repeats it while it waits. */
const RECALL_MEMORY_MS = 1_000;
/** While requests wait here the exchange brings fresh numbers; what is older says nothing. */
const QUEUE_NEWS_MS = 100;

/** What a worker was told of the requests that wait for a service's slots on other workers. */
export class Elsewhere {
  private firstRank: number | null = null;
  private heardAt = -Infinity;
  private wanted = 0;
  private queuedThere = 0;
  private countedAt = -Infinity;

  /** Nothing was heard, or nothing that still matters. Cheap, and perhaps late: for the warm path. */
  get isQuiet(): boolean {
    return this.firstRank === null;
  }

  /** Slots that they want; only means something while recalled. */
  get need(): number {
    return this.wanted;
  }

  /** Another worker has too few slots. */
  recall(firstRank: number, need: number, now: number): void {
    this.firstRank = firstRank;
    this.wanted = need;
    this.heardAt = now;
  }

  /** What a reply says. */
  hear(firstRank: number | null, queued: number, now: number): void {
    this.firstRank = firstRank;
    this.heardAt = firstRank === null ? -Infinity : now;
    this.wanted = Math.max(1, this.wanted);
    this.queuedThere = queued;
    this.countedAt = now;
  }

  /** Do requests wait on other workers? */
  recalls(now: number): boolean {
    if (this.firstRank === null) return false;
    if (now - this.heardAt < RECALL_MEMORY_MS) return true;
    this.firstRank = null;
    return false;
  }

  /** Does one wait that comes before all of ours? @param mine rank of our first one */
  precedes(mine: number | null, now: number): boolean {
    if (!this.recalls(now) || this.firstRank === null) return false;
    return mine === null || this.firstRank + FIFO_SLACK_MS < mine;
  }

  /** Requests that wait on other workers, as far as that is known. */
  queued(now: number): number {
    return now - this.countedAt < QUEUE_NEWS_MS ? this.queuedThere : 0;
  }
}
