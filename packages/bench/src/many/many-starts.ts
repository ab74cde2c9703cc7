import { withCluster, type Cluster } from '../cluster/cluster';
import { cpuSeconds } from '../cluster/cpu-time';
import { ask } from '../measurements/first-byte';
import { loadAverage } from '../report/machine';
import type { Outcome } from '../report/measurement';
import { summary } from '../report/statistics';
import { table } from '../report/table';
import { directStarts } from './direct-starts';
import { inTurns } from './in-turns';
import { registerTiny } from './tiny-service';

export interface ManyStartsOptions {
  readonly services: number;
}

const ANSWER_MS = 60_000;

/** From requests for services that nobody used before, all at once, to their first bytes; after that the same without Waiter. */
export function measureManyStarts({ services }: ManyStartsOptions): Promise<Outcome> {
  return withCluster(async (cluster) => {
    const tokens = Array.from({ length: services }, (_, n) => `start-${n}`);
    await inTurns(tokens, (token) => registerTiny(cluster, token));
    const before = cpuOf(cluster);
    const startedAtMs = performance.now();
    const settled = await Promise.allSettled(tokens.map((token) => firstByte(cluster, token)));
    const tookMs = performance.now() - startedAtMs;
    const cpu = cpuOf(cluster).map(([who, seconds], n) => [who, seconds - (before[n]?.[1] ?? NaN)] as const);
    const times = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    for (const one of settled) if (one.status === 'rejected') console.error(String(one.reason));
    const direct = await directStarts(services);
    report(services, times, direct);
    console.log(`all of them in ${tookMs.toFixed(0)} ms; CPU seconds meanwhile: ${sentence(cpu)}`);
    const errors = services - times.length;
    console.log(`lost: ${errors}\nload average: ${loadAverage()}`);
    return { errors };
  });
}

/** @returns ms from the request to the first byte of a good answer */
async function firstByte(cluster: Cluster, token: string): Promise<number> {
  const port = Number(new URL(cluster.routerUrl).port);
  const { sentAt, firstByteAt, status, head } = await ask(port, { 'x-waiter-token': token }, ANSWER_MS);
  if (status !== 200) throw new Error(`${token}: ${head}`);
  return firstByteAt - sentAt;
}

function report(services: number, times: readonly number[], direct: readonly number[]): void {
  const rows = Object.entries({ 'through Waiter': times, 'without Waiter': direct }).flatMap(
    ([name, values]) => {
      if (values.length === 0) return [];
      const { min, p50, p95, max } = summary(values);
      return [[name, min, p50, p95, max]];
    },
  );
  console.log(`\n${table([`${services} services at once, ms`, 'min', 'p50', 'p95', 'max'], rows)}\n`);
}

function cpuOf(cluster: Cluster): (readonly [string, number])[] {
  return [
    ['router', cpuSeconds(cluster.routerPid)],
    ['scaler', cpuSeconds(cluster.scalerPid)],
    ['Redis', cpuSeconds(cluster.redis.pid)],
    ['mini-marathon and instances', cpuSeconds(cluster.marathonPid)],
  ];
}

const sentence = (cpu: readonly (readonly [string, number])[]): string =>
  cpu.map(([who, seconds]) => `${who} ${seconds.toFixed(2)}`).join(', ');
