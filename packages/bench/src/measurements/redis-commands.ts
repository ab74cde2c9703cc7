import { join } from 'node:path';
import { sleep } from '@waiter/testkit';
import { withCluster } from '../cluster/cluster';
import { readyPorts, registerToken, useToken } from '../cluster/service';
import { generator, load } from '../load/load';
import { loadAverage } from '../report/machine';
import { verdict, type Outcome } from '../report/measurement';
import { table } from '../report/table';
import { callsBetween, commandCounts, totalOf, type CommandCounts } from './redis-stats';

export interface RedisCommandsOptions {
  readonly seconds: number;
  readonly connections: number;
}

const TOKEN = 'warm';
const TARGET = 0;
/** Leases that nobody uses go back after two seconds; that must not fall into the idle period. */
const SETTLE_MS = 4_000;
/** A worker takes more slots whenever more requests are in flight than in the last three seconds. */
const WARM_UP_SECONDS = 5;

/** Redis commands per request on the warm path: those under load, less those of an idle period as long. */
export function measureRedisCommands({ seconds, connections }: RedisCommandsOptions): Promise<Outcome> {
  return withCluster(async (cluster) => {
    await registerToken(cluster, TOKEN, {
      cmd: `exec ${process.execPath} ${join(__dirname, '..', 'programs', 'instance.js')} $PORT0`,
      'concurrency-level': 100,
      'min-instances': 1,
      'max-instances': 1,
    });
    await readyPorts(cluster, await useToken(cluster, TOKEN), 1);
    const request = {
      url: `${cluster.routerUrl}/`,
      connections,
      headers: { 'x-waiter-token': TOKEN },
      core: null,
    };
    const counts = (): Promise<CommandCounts> => commandCounts(cluster.redis.port);

    await sleep(SETTLE_MS);
    const beforeIdle = await counts();
    await sleep(seconds * 1000);
    const idle = callsBetween(beforeIdle, await counts());

    await load({ ...request, seconds: WARM_UP_SECONDS });
    const beforeLoad = await counts();
    const { requests, perSecond, errors } = await load({ ...request, seconds });
    const loaded = callsBetween(beforeLoad, await counts());

    console.log(
      `${requests} requests in ${seconds} s by ${generator()} (${perSecond.toFixed(0)}/s, ${connections} connections)\n`,
    );
    console.log(`${comparison(idle, loaded, requests)}\n`);
    const perRequest = (totalOf(loaded) - totalOf(idle)) / requests;
    console.log(verdict('Redis commands per request', Math.max(0, perRequest), TARGET, '', 2));
    console.log(`errors: ${errors}`);
    console.log(`load average: ${loadAverage()}`);
    return { errors };
  });
}

function comparison(idle: CommandCounts, loaded: CommandCounts, requests: number): string {
  const row = (name: string, before: number, during: number): (string | number)[] => [
    name,
    before,
    during,
    during - before,
    ((during - before) / requests).toFixed(5),
  ];
  const rows = [...new Set([...idle.keys(), ...loaded.keys()])]
    .sort()
    .map((command) => row(command, idle.get(command) ?? 0, loaded.get(command) ?? 0));
  return table(
    ['command', 'idle', 'under load', 'difference', 'per request'],
    [...rows, row('all', totalOf(idle), totalOf(loaded))],
  );
}
