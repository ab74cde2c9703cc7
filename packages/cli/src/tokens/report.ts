/** What became of one token on one cluster. */
export interface Outcome {
  /** One word for the summary, e.g. `created`. */
  readonly what: string;
  readonly token: string;
  readonly cluster?: string;
  /** Why, for people. */
  readonly note?: string;
  readonly failed?: boolean;
  /** Worth a line of its own. Failures always are. */
  readonly shown?: boolean;
}

export interface ReportOptions {
  readonly dryRun: boolean;
  readonly write: (line: string) => void;
}

/** Progress, one line for each thing done, and the summary that the exit code is made of. */
export class Report {
  private readonly counts = new Map<string, number>();
  private failures = 0;
  private done = 0;
  private total = 0;

  constructor(private readonly options: ReportOptions) {}

  get failed(): boolean {
    return this.failures > 0;
  }

  say(line: string): void {
    this.options.write(line);
  }

  begin(total: number, what: string): void {
    this.done = 0;
    this.total = total;
    this.say(`${total} ${what}`);
  }

  add({ what, token, cluster, note, failed = false, shown = true }: Outcome): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
    if (failed) this.failures += 1;
    if (!shown && !failed) return;
    const where = cluster === undefined ? '' : ` on ${cluster}`;
    this.say(`${what}: ${token}${where}${note === undefined ? '' : ` (${note})`}`);
  }

  /** One token was looked at. Every tenth of the way is said, when the way is long. */
  step(): void {
    this.done += 1;
    const tenth = Math.ceil(this.total / 10);
    if (this.total >= 100 && this.done % tenth === 0) this.say(`... ${this.done} of ${this.total}`);
  }

  /** @returns the exit code: 1 when anything failed */
  finish(): number {
    const counts = [...this.counts].sort(([a], [b]) => (a < b ? -1 : 1));
    const list = counts.map(([what, count]) => `${count} ${what}`).join(', ');
    this.say(
      `${this.options.dryRun ? 'Dry run, nothing was changed: ' : ''}${list === '' ? 'nothing to do' : list}.`,
    );
    return this.failures === 0 ? 0 : 1;
  }

  /** Runs `work` for every item, at most `limit` at a time. An error becomes a failure of that token; the others go on. */
  async forEach<T>(
    items: readonly T[],
    limit: number,
    tokenOf: (item: T) => string,
    work: (item: T) => Promise<void>,
  ): Promise<void> {
    let next = 0;
    const lane = async (): Promise<void> => {
      for (let item = items[next++]; item !== undefined; item = items[next++]) {
        try {
          await work(item);
        } catch (error) {
          const note = error instanceof Error ? error.message : String(error);
          this.add({ what: 'failed', token: tokenOf(item), note, failed: true });
        }
        this.step();
      }
    };
    await Promise.all(Array.from({ length: Math.max(1, limit) }, lane));
  }
}
