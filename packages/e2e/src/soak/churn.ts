import { sleep } from '@waiter/testkit';
import { app } from '../kitchen-service';
import type { Random } from './random';
import { TOKENS, type Stage } from './stage';

type Act = (stage: Stage, random: Random) => Promise<void>;

/** What happens to a fleet on a bad day, one thing every few seconds. None of it may cost a request, but for `crash`. */
const ACTS: Readonly<Record<string, Act>> = {
  'kill an instance': (stage, random) => signal(stage, random, 'kill'),
  'expire an instance': (stage, random) => signal(stage, random, 'expire'),
  'new version of a token': async (stage, random) => {
    await stage.register(String(random.whole(2, 1_000_000)));
  },
  'crash an instance': async (stage, random) => {
    const router = stage.fleet.client(random.whole(0, stage.fleet.routers.length - 1));
    await router.use(TOKENS.crashing, '/die').catch(() => undefined);
  },
  'end the leading scaler': async ({ fleet }) => {
    const leader = await fleet.leader();
    await leader.process.stop(20_000);
    fleet.scalers.splice(fleet.scalers.indexOf(leader), 1);
    await fleet.startScaler();
  },
};

/** Picks an act every few seconds until `stop`. */
export class Churn {
  readonly done = new Map<string, number>();
  readonly failures: string[] = [];
  private over = false;
  private readonly running: Promise<void>;

  constructor(
    private readonly stage: Stage,
    random: Random,
    private readonly everyMs: number,
  ) {
    this.running = this.run(random);
  }

  private async run(random: Random): Promise<void> {
    const names = Object.keys(ACTS);
    while (!this.over) {
      await sleep(random.between(0.5, 1.5) * this.everyMs);
      if (this.over) return;
      const name = random.pick(names);
      try {
        await ACTS[name]?.(this.stage, random);
        this.done.set(name, (this.done.get(name) ?? 0) + 1);
      } catch (error) {
        this.failures.push(`${name}: ${String(error).slice(0, 300)}`);
      }
    }
  }

  async stop(): Promise<void> {
    this.over = true;
    await this.running;
  }
}

/** As an operator does it with the `waiter` command line. */
async function signal(stage: Stage, random: Random, kind: 'kill' | 'expire'): Promise<void> {
  const client = stage.fleet.client();
  const serviceId = await stage.serviceOf(random.pick([TOKENS.busy, TOKENS.single]));
  const { instances } = await app(client, serviceId);
  const healthy = instances['active-instances'].filter((instance) => instance['healthy?']);
  // One that runs alone is left alone: its service would be gone until another one has started.
  if (healthy.length < 2) return;
  const { id } = random.pick(healthy);
  const { status, body } = await client.ask(`/apps/${serviceId}/instance/${id}/${kind}`, { method: 'POST' });
  // It was gone by then, or on its way.
  if (status === 404 || (status === 400 && body.includes('has already been killed'))) return;
  if (status >= 300) throw new Error(`${kind} ${id}: ${status} ${body.slice(0, 200)}`);
}
