import { sleep } from '@waiter/testkit';
import type { Random } from './random';

/** One kind of traffic: `once` is one client doing one thing from beginning to end. */
export interface Traffic {
  readonly name: string;
  /** Clients that do it side by side. */
  readonly clients: number;
  /** Mean pause of a client between two rounds, milliseconds. */
  readonly pauseMs: number;
  /** @throws Error for anything that a user would call a failure; what is provoked on purpose is no failure */
  once(random: Random): Promise<void>;
  /** Ends what clients keep open between rounds. */
  close?(): void;
}

/** A failure that an operator caused (the instance was killed by force), so that it counts for itself. */
export class Provoked extends Error {}

/** What came of one kind of traffic. */
export interface Tally {
  rounds: number;
  provoked: number;
  /** How often each failure was seen. */
  readonly failures: Map<string, number>;
}

/** Every client gives up before this. */
const LONGEST_ROUND_MS = 90_000;
const MAX_DIFFERENT_FAILURES = 50;
/** Correlation ids and ports, which make equal failures look different. */
const IDS = /[0-9a-f]{14,}-[0-9a-f]+|127\.0\.0\.1:\d+/g;

/** Keeps every client of every kind busy until `stop`. */
export class TrafficRun {
  readonly tallies = new Map<string, Tally>();
  private over = false;
  /** Clients in the middle of a round, by kind. */
  private readonly busy = new Map<string, number>();
  private readonly clients: Promise<void>[];

  constructor(
    private readonly kinds: readonly Traffic[],
    random: Random,
  ) {
    this.clients = kinds.flatMap((kind) => {
      const tally: Tally = { rounds: 0, provoked: 0, failures: new Map() };
      this.tallies.set(kind.name, tally);
      return Array.from({ length: kind.clients }, () => this.client(kind, tally, random.fork()));
    });
  }

  private async client(kind: Traffic, tally: Tally, random: Random): Promise<void> {
    while (!this.over) {
      this.count(kind, 1);
      try {
        await kind.once(random);
        tally.rounds += 1;
      } catch (error) {
        if (error instanceof Provoked) tally.provoked += 1;
        else this.failed(tally, error);
      } finally {
        this.count(kind, -1);
      }
      await sleep(random.between(0, 2 * kind.pauseMs));
    }
  }

  private count({ name }: Traffic, by: number): void {
    this.busy.set(name, (this.busy.get(name) ?? 0) + by);
  }

  private failed({ failures }: Tally, error: unknown): void {
    const words = String(error).replaceAll(/\s+/g, ' ').replaceAll(IDS, '#').slice(0, 300);
    if (failures.size >= MAX_DIFFERENT_FAILURES && !failures.has(words)) return;
    failures.set(words, (failures.get(words) ?? 0) + 1);
  }

  /** A client that does not come to an end is a failure of its own: something never answered it. */
  async stop(): Promise<void> {
    this.over = true;
    await Promise.race([Promise.all(this.clients), sleep(LONGEST_ROUND_MS)]);
    for (const [name, count] of this.busy) {
      const tally = this.tallies.get(name);
      if (count > 0 && tally !== undefined) this.failed(tally, `${count} clients never ended`);
    }
    for (const kind of this.kinds) kind.close?.();
  }
}
