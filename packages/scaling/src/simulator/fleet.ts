/** An instance's place in its life; gone ones keep their number, which is never used again. */
const enum Fate {
  Starting,
  Ready,
  Draining,
  Gone,
}

/**
 * The instances of one service and who is in which slot. Slots are exact: an instance never has more than
 * `concurrencyLevel` requests. A router goes back to the instance it used last, as one that holds a lease does.
 */
export class Fleet {
  /** Ready and starting: what a policy calls total. */
  total = 0;
  ready = 0;
  /** All that cost: starting, ready and draining. */
  alive = 0;
  starts = 0;
  stops = 0;
  private readonly fates: Fate[] = [];
  private readonly busy: number[] = [];
  private living: number[] = [];
  /** May hold instances that are full or gone; looked at when popped. */
  private readonly free: number[] = [];
  private readonly inFree: boolean[] = [];
  private readonly lastUsed: Int32Array;

  constructor(
    private readonly concurrencyLevel: number,
    routers: number,
  ) {
    this.lastUsed = new Int32Array(routers).fill(-1);
  }

  /** Takes draining instances back before it starts new ones. @returns the new ones, which have to become ready */
  grow(count: number): number[] {
    let missing = count;
    for (const id of this.living) {
      if (missing === 0) break;
      if (this.fates[id] !== Fate.Draining) continue;
      this.fates[id] = Fate.Ready;
      this.total += 1;
      this.ready += 1;
      this.offer(id);
      missing -= 1;
    }
    const started = Array.from({ length: missing }, (_, index) => this.fates.length + index);
    for (const id of started) {
      this.fates.push(Fate.Starting);
      this.busy.push(0);
      this.inFree.push(false);
      this.living.push(id);
    }
    this.total += missing;
    this.alive += missing;
    this.starts += missing;
    return started;
  }

  /** @returns false when it was stopped before it was ready */
  becomeReady(id: number): boolean {
    if (this.fates[id] !== Fate.Starting) return false;
    this.fates[id] = Fate.Ready;
    this.ready += 1;
    this.offer(id);
    return true;
  }

  /** Stops starting ones, newest first, then idle ones; then the least busy ones drain. */
  shrink(count: number): void {
    const candidates = this.living.filter((id) => this.fates[id] !== Fate.Draining);
    const rank = (id: number): number => (this.fates[id] === Fate.Starting ? -1 : (this.busy[id] ?? 0));
    candidates.sort((a, b) => rank(a) - rank(b) || b - a);
    for (const id of candidates.slice(0, count)) {
      this.total -= 1;
      if (this.fates[id] === Fate.Ready) this.ready -= 1;
      this.fates[id] = Fate.Draining;
      if (this.busy[id] === 0) this.remove(id);
    }
    this.living = this.living.filter((id) => this.fates[id] !== Fate.Gone);
  }

  /** @returns the instance that gives a slot to this router, or -1 when all slots are taken */
  take(router: number): number {
    const preferred = this.lastUsed[router] ?? -1;
    const id = this.usable(preferred) ? preferred : this.nextFree();
    if (id < 0) return -1;
    this.busy[id] = (this.busy[id] ?? 0) + 1;
    this.lastUsed[router] = id;
    return id;
  }

  release(id: number): void {
    this.busy[id] = (this.busy[id] ?? 0) - 1;
    if (this.fates[id] === Fate.Ready) this.offer(id);
    else if (this.fates[id] === Fate.Draining && this.busy[id] === 0) {
      this.remove(id);
      this.living = this.living.filter((other) => other !== id);
    }
  }

  private usable(id: number): boolean {
    return id >= 0 && this.fates[id] === Fate.Ready && (this.busy[id] ?? 0) < this.concurrencyLevel;
  }

  private nextFree(): number {
    for (;;) {
      const id = this.free[this.free.length - 1];
      if (id === undefined) return -1;
      if (this.usable(id)) return id;
      this.free.pop();
      this.inFree[id] = false;
    }
  }

  private offer(id: number): void {
    if (this.inFree[id] === true) return;
    this.inFree[id] = true;
    this.free.push(id);
  }

  private remove(id: number): void {
    this.fates[id] = Fate.Gone;
    this.alive -= 1;
    this.stops += 1;
  }
}
