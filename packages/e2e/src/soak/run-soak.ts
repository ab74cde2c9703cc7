import { sleep } from '@waiter/testkit';
import { Fleet } from '../fleet';
import { Churn } from './churn';
import { allTraffic } from './kinds';
import { leasesLeft, suspiciousLines } from './leftovers';
import { COLLECTING, sample, type Series } from './processes';
import { Random } from './random';
import { Stage } from './stage';
import { TrafficRun } from './traffic';
import { report } from './verdict';

export interface SoakOptions {
  readonly durationMs: number;
  readonly seed: number;
  readonly say: (line: string) => void;
}

const SAMPLE_MS = 5_000;
const CHURN_MS = 5_000;
/** Time after the traffic for connections to instances to be given up (4 s) and leases to go back. */
const REST_MS = 15_000;

/**
 * Every kind of traffic at once on a real fleet, while instances come and go. @returns whether nothing failed and nothing
 * was left behind
 */
export async function runSoak({ durationMs, seed, say }: SoakOptions): Promise<boolean> {
  const fleet = await Fleet.start({
    routers: 2,
    scalers: 2,
    tls: true,
    env: { WAITER_ROUTER_CLIENT_IDLE_TIMEOUT: '10s', ...COLLECTING },
  });
  try {
    const stage = new Stage(fleet);
    const random = new Random(seed);
    await stage.register();
    const before: Series = new Map();
    const series: Series = new Map();
    const after: Series = new Map();
    await sample(fleet, before);
    say(`soak of ${Math.round(durationMs / 1000)} s with seed ${seed}`);
    const traffic = new TrafficRun(allTraffic(stage), random);
    const churn = new Churn(stage, random.fork(), CHURN_MS);
    const end = Date.now() + durationMs;
    while (Date.now() < end) {
      await sleep(SAMPLE_MS);
      await sample(fleet, series);
    }
    await churn.stop();
    await traffic.stop();
    const leases = await leasesLeft(stage);
    await sleep(REST_MS);
    await sample(fleet, after);
    return report({ traffic, churn, series, before, after, leases, lines: suspiciousLines(stage) }, say);
  } finally {
    await fleet.stop();
  }
}
