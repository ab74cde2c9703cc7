/** Passes nudges on, at most one at a time per service: what comes meanwhile becomes one more. */
export class Nudges {
  private readonly running = new Map<string, { again: boolean }>();

  constructor(
    private readonly send: (service: string) => Promise<void>,
    private readonly onError: (error: unknown) => void,
  ) {}

  nudge(service: string): void {
    const state = this.running.get(service);
    if (state !== undefined) state.again = true;
    else void this.run(service);
  }

  private async run(service: string): Promise<void> {
    const state = { again: true };
    this.running.set(service, state);
    while (state.again) {
      state.again = false;
      await this.send(service).catch(this.onError);
    }
    this.running.delete(service);
  }
}
