import { join } from 'node:path';
import { freePort, startProcess, type RunningProcess } from '@waiter/testkit';
import { withCluster, type Cluster } from '../cluster/cluster';
import { canPin, MEASURED_CORE, OTHER_CORE, pin } from '../cluster/cores';
import { cpuSeconds } from '../cluster/cpu-time';
import { readyPorts, registerToken, useToken } from '../cluster/service';
import { generator, load, type LoadResult } from '../load/load';
import { loadAverage } from '../report/machine';
import type { Outcome } from '../report/measurement';
import { median } from '../report/statistics';
import { table } from '../report/table';

export interface ThroughputOptions {
  readonly rounds: number;
  /** Of one run; a round is one run of each. */
  readonly seconds: number;
  readonly connections: number;
}

interface Run extends LoadResult {
  /** CPU time of the proxy per request in microseconds: less sensitive than its rate to what else runs on the machine. */
  readonly cpuMicros: number;
}

interface Contender {
  readonly name: string;
  readonly url: string;
  readonly pid: number;
  readonly runs: Run[];
}

const TOKEN = 'throughput';
const INSTANCES = 4;
const CONCURRENCY_LEVEL = 100;
const PROGRAMS = join(__dirname, '..', 'programs');
/** Before the first round: for the compiler. Before each run: for leases and pools, which idle ones give up. */
const FIRST_WARM_UP_SECONDS = 3;
const WARM_UP_SECONDS = 1;

/** Requests per second of one router worker and of bare http-proxy, by turns, on one core, in front of the same instances. */
export function measureThroughput(options: ThroughputOptions): Promise<Outcome> {
  return withCluster(async (cluster) => {
    const ports = await startInstances(cluster);
    const bare = await startBareProxy(ports);
    try {
      const pinned = canPin();
      if (pinned) {
        pin([cluster.routerPid, bare.process.pid], MEASURED_CORE);
        pin(cluster.otherPids, OTHER_CORE);
      }
      console.log(
        `${options.rounds} rounds of ${options.seconds} s each by ${generator()}, ${options.connections} connections, ` +
          `${INSTANCES} instances; ${pinned ? 'proxies on one core, everything else on the other' : 'not bound to cores'}\n`,
      );
      const contenders = [
        { name: 'router, 1 worker', url: `${cluster.routerUrl}/`, pid: cluster.routerPid, runs: [] },
        { name: 'bare http-proxy', url: bare.url, pid: bare.process.pid, runs: [] },
      ];
      await compete(contenders, options, pinned ? OTHER_CORE : null);
      return report(contenders);
    } finally {
      await bare.process.stop();
    }
  });
}

async function startInstances(cluster: Cluster): Promise<number[]> {
  await registerToken(cluster, TOKEN, {
    cmd: `exec ${process.execPath} ${join(PROGRAMS, 'backend.js')} $PORT0`,
    'concurrency-level': CONCURRENCY_LEVEL,
    'min-instances': INSTANCES,
    'max-instances': INSTANCES,
  });
  return readyPorts(cluster, await useToken(cluster, TOKEN), INSTANCES);
}

async function startBareProxy(ports: readonly number[]): Promise<{ url: string; process: RunningProcess }> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  const running = await startProcess({
    name: 'bare http-proxy',
    command: process.execPath,
    args: [join(PROGRAMS, 'bare-proxy.js'), ...[port, ...ports].map(String)],
    ready: async () => (await fetch(url)).status === 200,
  });
  return { url, process: running };
}

async function compete(
  contenders: readonly Contender[],
  { rounds, seconds, connections }: ThroughputOptions,
  core: number | null,
): Promise<void> {
  const request = { connections, headers: { 'x-waiter-token': TOKEN }, core };
  for (const { url } of contenders) await load({ ...request, url, seconds: FIRST_WARM_UP_SECONDS });
  for (let round = 1; round <= rounds; round += 1) {
    for (const { name, url, pid, runs } of contenders) {
      await load({ ...request, url, seconds: WARM_UP_SECONDS });
      const before = cpuSeconds(pid);
      const result = await load({ ...request, url, seconds });
      const cpuMicros = ((cpuSeconds(pid) - before) * 1e6) / result.requests;
      runs.push({ ...result, cpuMicros });
      const figures = `${result.perSecond.toFixed(0).padStart(6)}/s  ${cpuMicros.toFixed(0).padStart(4)} us CPU/request`;
      console.log(`round ${round}  ${name.padEnd(16)}  ${figures}  errors ${result.errors}`);
    }
  }
}

function report(contenders: readonly Contender[]): Outcome {
  const rows = contenders.map(({ name, runs }) => {
    const rates = runs.map(({ perSecond }) => perSecond);
    return [
      name,
      Math.round(median(rates)),
      Math.round(Math.min(...rates)),
      Math.round(Math.max(...rates)),
      Math.round(median(runs.map(({ cpuMicros }) => cpuMicros))),
      median(runs.map(({ p50Ms }) => p50Ms)).toFixed(2),
      median(runs.map(({ p99Ms }) => p99Ms)).toFixed(2),
      errorsOf(runs),
    ];
  });
  const head = [
    'medians of the runs',
    'req/s',
    'slowest',
    'fastest',
    'CPU us/req',
    'p50 ms',
    'p99 ms',
    'errors',
  ];
  console.log(`\n${table(head, rows)}\n`);
  const [router, bare] = contenders;
  if (router !== undefined && bare !== undefined) compare(router.runs, bare.runs);
  console.log(`load average: ${loadAverage()}`);
  return { errors: contenders.reduce((sum, { runs }) => sum + errorsOf(runs), 0) };
}

function compare(router: readonly Run[], bare: readonly Run[]): void {
  const rounds = router.map(({ perSecond }, round) => perSecond / (bare[round]?.perSecond ?? NaN));
  const ratio = (of: (run: Run) => number): string =>
    (median(router.map(of)) / median(bare.map(of))).toFixed(2);
  console.log(
    `router to bare http-proxy, ratio of the medians: ${ratio((run) => run.perSecond)} in requests per second ` +
      `(by round: ${rounds.map((one) => one.toFixed(2)).join(', ')}), ${ratio((run) => run.cpuMicros)} in CPU per request`,
  );
}

function errorsOf(runs: readonly Run[]): number {
  return runs.reduce((sum, { errors }) => sum + errors, 0);
}
