import { sleep, waitFor } from '@waiter/testkit';
import { withCluster, type Cluster } from '../cluster/cluster';
import { useToken } from '../cluster/service';
import { loadAverage } from '../report/machine';
import type { Outcome } from '../report/measurement';
import { table } from '../report/table';
import { inTurns } from './in-turns';
import { observe, type Observed } from './observe';
import { scalerCounts } from './scaler-metrics';
import { SteadyRequests } from './steady-requests';
import { registerTiny } from './tiny-service';

export interface ManyServicesOptions {
  readonly services: number;
  /** Of them, with an instance and a request each second. */
  readonly active: number;
  readonly seconds: number;
}

const SETTLE_MS = 5_000;

/** What the scaler and Redis do all the time with many services that were asked for once and few that are in use. */
export function measureManyServices(options: ManyServicesOptions): Promise<Outcome> {
  const { services, active, seconds } = options;
  const measure = async (cluster: Cluster): Promise<Outcome> => {
    const tokens = Array.from({ length: services }, (_, n) => `many-${n}`);
    const startedAtMs = performance.now();
    await inTurns(tokens, (token) => register(cluster, token));
    console.log(`registered in ${((performance.now() - startedAtMs) / 1000).toFixed(1)} s`);
    const busy = tokens.slice(0, active);
    await inTurns(busy, (token) => useToken(cluster, token));
    await waitFor(
      'the scaler to know them all',
      async () => (await scalerCounts(cluster)).services >= services,
      {
        timeoutMs: 60_000,
      },
    );
    const requests = new SteadyRequests(cluster, busy);
    await sleep(SETTLE_MS);
    const observed = await observe(cluster, seconds);
    await requests.stop();
    print(options, observed);
    console.log(`requests: ${requests.answered}, errors: ${requests.errors}\nload average: ${loadAverage()}`);
    return { errors: requests.errors };
  };
  // They have one owner.
  return withCluster(measure, {
    env: { WAITER_DESCRIPTIONS_TOKEN_LIMIT_PER_OWNER: String(services + 1) },
  });
}

/** A token, and its service as if somebody had asked for its id. */
async function register(cluster: Cluster, token: string): Promise<void> {
  await registerTiny(cluster, token);
  const answer = await fetch(`${cluster.routerUrl}/service-id`, { headers: { 'x-waiter-token': token } });
  const body = await answer.text();
  if (!answer.ok) throw new Error(`/service-id of ${token}: ${answer.status} ${body}`);
}

function print({ services, active, seconds }: ManyServicesOptions, observed: Observed): void {
  const { ticks, tickMeanMs, tickWithinMs, cpu, memory, calls, commands, bytes } = observed;
  const percent = (share: number): string => `${(share * 100).toFixed(1)}% of a core`;
  const rate = (count: number): string => `${(count / seconds).toFixed(1)}/s`;
  console.log(
    `${services} services, ${active} of them with an instance and a request each second, ${seconds} s\n`,
  );
  const rows = [
    ['ticks', `${ticks}, one a second is wanted`],
    ['tick, mean', `${tickMeanMs.toFixed(1)} ms`],
    ['tick, 95 of 100 within', `${tickWithinMs} ms`],
    ...Object.entries(cpu).map(([who, share]) => [`CPU of ${who}`, percent(share)]),
    ...Object.entries(memory).map(([who, mib]) => [`memory of ${who}`, `${mib.toFixed(0)} MiB`]),
    ['Redis commands', rate(commands)],
    ['Redis bytes read', rate(bytes.read)],
    ['Redis bytes written', rate(bytes.written)],
  ];
  console.log(table(['what', 'measured'], rows));
  const most = [...calls].sort(([, a], [, b]) => b - a).slice(0, 12);
  const perCommand = most.map(([name, count]) => [name, (count / seconds).toFixed(1)]);
  console.log(`\n${table(['command', 'per second'], perCommand)}\n`);
}
