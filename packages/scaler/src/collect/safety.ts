import type { Context } from '../context';

/** Wall clock of the moment this process last saw Redis lose something. */
export class Safety {
  private unsettledAtMs: number;

  constructor(private readonly context: Context) {
    this.unsettledAtMs = context.electedAtMs;
  }

  /** Redis turned out to know less than it was told. */
  unsettle(): void {
    this.unsettledAtMs = this.context.clock.now();
  }

  /**
   * Why nothing may be collected now, or null. An empty or restored Redis must never read as "nobody uses these
   * services" (DESIGN section 7).
   */
  async reasonToWait(): Promise<string | null> {
    const { store, options, clock } = this.context;
    if (clock.now() - this.unsettledAtMs < options.settleMs) return 'the term has just begun';
    const info = await store.connection.redis.info('server');
    const uptimeMs = Number(/^uptime_in_seconds:(\d+)/m.exec(info)?.[1] ?? 0) * 1000;
    if (uptimeMs < options.settleMs) return 'Redis has just started';
    if ((await store.members.workers()).length === 0) return 'no router reports its load';
    return null;
  }
}
