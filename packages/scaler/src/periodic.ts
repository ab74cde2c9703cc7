/** Work that is repeated until it is stopped; a run that takes longer than its period is not overtaken by the next. */
export class Periodic {
  private readonly timers: NodeJS.Timeout[] = [];
  private stopped = false;

  constructor(private readonly onError: (error: unknown) => void) {}

  every(ms: number, run: () => Promise<void>): void {
    let running = false;
    const timer = setInterval(() => {
      if (running || this.stopped) return;
      running = true;
      run()
        .catch(this.onError)
        .finally(() => (running = false));
    }, ms);
    this.timers.push(timer);
  }

  stop(): void {
    this.stopped = true;
    for (const timer of this.timers) clearInterval(timer);
  }
}
