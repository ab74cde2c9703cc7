import type { Answer, FleetClient } from './fleet-client';

/** Clients that ask again as soon as they are answered, until told to stop; remembers everything that is not a 200. */
export class SteadyLoad {
  readonly failures: string[] = [];
  answered = 0;
  private over = false;
  private readonly clients: Promise<void>[];

  constructor(count: number, ask: (n: number) => Promise<Answer>) {
    this.clients = Array.from({ length: count }, (_, n) => this.run(n, ask));
  }

  private async run(n: number, ask: (n: number) => Promise<Answer>): Promise<void> {
    while (!this.over) {
      try {
        const { status, body } = await ask(n);
        if (status === 200) this.answered += 1;
        else this.failures.push(`${status} ${body.slice(0, 300)}`);
      } catch (error) {
        this.failures.push(String(error));
      }
      if (this.failures.length > 100) return;
    }
  }

  async stop(): Promise<void> {
    this.over = true;
    await Promise.all(this.clients);
  }
}

/** Picks the n-th client, round and round. */
export function among(clients: readonly FleetClient[], n: number): FleetClient {
  const client = clients[n % clients.length];
  if (client === undefined) throw new Error('no clients');
  return client;
}
