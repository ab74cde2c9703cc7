/** What the load has seen so far. */
export interface LoadFigures {
  sent: number;
  ok: number;
  failed: number;
  inFlight: number;
  firstFailure: string | null;
  readonly latenciesMs: number[];
}

/** Closed-loop clients, as many as wanted at the moment, each waiting for its answer before it asks again. */
export class Load {
  readonly figures: LoadFigures = {
    sent: 0,
    ok: 0,
    failed: 0,
    inFlight: 0,
    firstFailure: null,
    latenciesMs: [],
  };
  private wanted = 0;
  private running = 0;

  constructor(
    private readonly urls: readonly string[],
    private readonly headers: Readonly<Record<string, string>>,
  ) {}

  /** Changes the number of clients; surplus ones end after their present request. */
  setClients(wanted: number): void {
    this.wanted = wanted;
    while (this.running < this.wanted) {
      this.running += 1;
      void this.client();
    }
  }

  /** Stops, and waits for what is under way. */
  async end(): Promise<void> {
    this.setClients(0);
    while (this.running > 0) await new Promise((done) => setTimeout(done, 10));
  }

  /** One request; its whole answer. @throws on a network error */
  async request(): Promise<Response> {
    const url = this.urls[this.figures.sent % this.urls.length] ?? '';
    this.figures.sent += 1;
    this.figures.inFlight += 1;
    const startedAt = performance.now();
    try {
      const response = await fetch(`${url}/hello`, { headers: this.headers });
      const text = await response.text();
      if (response.status === 200) this.figures.ok += 1;
      else this.fail(`${response.status} ${text.split('\n')[0] ?? ''}`);
      return response;
    } catch (error) {
      this.fail(String(error));
      throw error;
    } finally {
      this.figures.inFlight -= 1;
      this.figures.latenciesMs.push(performance.now() - startedAt);
    }
  }

  private fail(why: string): void {
    this.figures.failed += 1;
    this.figures.firstFailure ??= why;
  }

  private async client(): Promise<void> {
    while (this.running <= this.wanted) await this.request().catch(() => undefined);
    this.running -= 1;
  }
}

/** The value below which `share` of the sorted values lie. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
