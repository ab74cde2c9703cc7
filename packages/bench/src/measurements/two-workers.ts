import { availableParallelism } from 'node:os';
import { pin, canPin } from '../cluster/cores';
import { cpuTime } from '../cluster/cpu-time';
import { load } from '../load/load';
import { PEERS, startPeer, type PeerName } from '../peers';
import { loadAverage } from '../report/machine';
import type { Outcome } from '../report/measurement';
import { median } from '../report/statistics';
import { table } from '../report/table';
import { PLAIN_HEAD } from '../scenarios/heads';
import type { OpenStage, Proxy } from '../stage/stage';
import { withWorkerStage } from '../stage/worker-stage';

export interface TwoWorkersOptions {
  readonly rounds: number;
  /** Of one run. */
  readonly seconds: number;
  readonly connections: number;
  readonly peers: readonly PeerName[];
}

interface Entry extends Proxy {
  readonly workers: number;
  readonly rates: number[];
  readonly cpuMicros: number[];
}

/** Two workers and the load need more than two cores, or they take them from each other. */
const CORES_NEEDED = 4;
const TARGET = 1.8;
const WARM_UP_SECONDS = 2;

/** Two workers that share a port against one, and the same for peers with two processes or threads. */
export function measureTwoWorkers(options: TwoWorkersOptions): Promise<Outcome> {
  return withWorkerStage('nginx', async (stage) => {
    const running: { stop(): Promise<unknown> }[] = [];
    try {
      const entries = await enter(stage, options.peers, running);
      const enough = availableParallelism() >= CORES_NEEDED && canPin();
      if (enough) bind(entries, stage);
      const { rounds, seconds, connections } = options;
      console.log(
        `small reply, plain head; ${rounds} rounds of ${seconds} s each, ${connections} connections, ` +
          (enough
            ? 'a core for each worker, everything else on others\n'
            : `${availableParallelism()} cores for everything: the rates say little, see the CPU time\n`),
      );
      return await compete(entries, options);
    } finally {
      for (const one of running.reverse()) await one.stop();
    }
  });
}

async function enter(
  { router, ports: instances, directory, startRouter }: OpenStage,
  peers: readonly PeerName[],
  running: { stop(): Promise<unknown> }[],
): Promise<Entry[]> {
  const entries: Entry[] = [];
  const add = (proxy: Proxy, workers: number): unknown =>
    entries.push({
      ...proxy,
      name: `${proxy.name.split(',')[0]} x ${workers}`,
      workers,
      rates: [],
      cpuMicros: [],
    });
  add(router, 1);
  add(await startRouter(2), 2);
  for (const name of peers) {
    for (const workers of [1, 2]) {
      const peer = await startPeer(PEERS[name], { instances, directory, protocol: 'http', workers });
      running.push(peer);
      add(peer, workers);
    }
  }
  return entries;
}

function bind(entries: readonly Entry[], { otherPids }: OpenStage): void {
  const last = availableParallelism() - 1;
  for (const { pid, workers } of entries) pin([pid], workers === 1 ? '0' : '0-1');
  pin(otherPids, `2-${last}`);
}

async function compete(
  entries: readonly Entry[],
  { rounds, seconds, connections }: TwoWorkersOptions,
): Promise<Outcome> {
  let errors = 0;
  const request = { headers: PLAIN_HEAD, connections, core: null };
  for (let round = 1; round <= rounds; round += 1) {
    for (const { name, url, pid, rates, cpuMicros } of entries) {
      await load({ ...request, url: `${url}/`, seconds: WARM_UP_SECONDS });
      const before = cpuTime(pid).total;
      const result = await load({ ...request, url: `${url}/`, seconds });
      rates.push(result.perSecond);
      cpuMicros.push(((cpuTime(pid).total - before) * 1e6) / result.requests);
      errors += result.errors;
      console.log(`round ${round}  ${name.padEnd(14)}  ${result.perSecond.toFixed(0).padStart(6)}/s`);
    }
  }
  const rows = entries.map(({ name, rates, cpuMicros }) => [
    name,
    median(rates).toFixed(0),
    median(cpuMicros).toFixed(1),
  ]);
  console.log(`\n${table(['medians of the runs', 'req/s', 'CPU us/req'], rows)}\n`);
  for (let i = 0; i + 1 < entries.length; i += 2) compare(entries[i], entries[i + 1]);
  console.log(`load average: ${loadAverage()}`);
  return { errors };
}

/** By rate where there are cores; by CPU time what they would give, if only that limited it. */
function compare(one: Entry | undefined, two: Entry | undefined): void {
  if (one === undefined || two === undefined) return;
  const rate = median(two.rates) / median(one.rates);
  const cpu = (2 * median(one.cpuMicros)) / median(two.cpuMicros);
  const target = one.name.startsWith('router') ? `; target at least ${TARGET} where there are the cores` : '';
  console.log(
    `${two.name} to ${one.name}: ${rate.toFixed(2)} in requests per second, ${cpu.toFixed(2)} by CPU per request${target}`,
  );
}
