import { sleep } from '@waiter/testkit';
import type { Cluster } from '../cluster/cluster';
import { useToken } from '../cluster/service';

const PAUSE_MS = 1_000;

/** About one request a second for each token, until it is stopped. */
export class SteadyRequests {
  answered = 0;
  errors = 0;
  private over = false;
  private readonly loops: Promise<void>[];

  constructor(
    private readonly cluster: Cluster,
    tokens: readonly string[],
  ) {
    this.loops = tokens.map((token) => this.run(token));
  }

  private async run(token: string): Promise<void> {
    while (!this.over) {
      try {
        await useToken(this.cluster, token);
        this.answered += 1;
      } catch (error) {
        this.errors += 1;
        console.error(`${token}: ${String(error)}`);
      }
      await sleep(PAUSE_MS);
    }
  }

  async stop(): Promise<void> {
    this.over = true;
    await Promise.all(this.loops);
  }
}
