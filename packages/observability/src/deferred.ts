/** What has changed since the metrics were last read. */
export class Dirty {
  private changed: Deferred[] = [];

  note(one: Deferred): void {
    this.changed.push(one);
  }

  /** To be called before the metric is read. */
  settle(): void {
    const { changed } = this;
    this.changed = [];
    for (const one of changed) one.settle();
  }

  /** Forgets what was not read. */
  drop(): void {
    for (const one of this.changed) one.drop();
    this.changed = [];
  }
}

/**
 * Counts one series and tells the metric when that is read: in the metric itself every count costs a look-up by all labels,
 * which shows where it happens with every request.
 */
export class Deferred {
  private pending = 0;
  private noted = false;

  constructor(
    private readonly dirty: Dirty,
    private readonly add: (by: number) => void,
  ) {}

  inc(by = 1): void {
    this.pending += by;
    if (this.noted) return;
    this.noted = true;
    this.dirty.note(this);
  }

  dec(by = 1): void {
    this.inc(-by);
  }

  settle(): void {
    const { pending } = this;
    this.drop();
    // A gauge that went up and down again is told too: it exists.
    this.add(pending);
  }

  drop(): void {
    this.pending = 0;
    this.noted = false;
  }
}
