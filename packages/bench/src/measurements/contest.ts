import { join } from 'node:path';
import { startProcess, type RunningProcess } from '@waiter/testkit';
import { canPin, MEASURED_CORE, OTHER_CORE, pin } from '../cluster/cores';
import { cpuSeconds } from '../cluster/cpu-time';
import type { LoadResult } from '../load/load';
import { PEERS, startPeer, type PeerName } from '../peers';
import type { Outcome } from '../report/measurement';
import type { RunOptions, Scenario } from '../scenarios';
import { withClusterStage } from '../stage/cluster-stage';
import { TOKEN, type Proxy, type Stage } from '../stage/stage';
import { withWorkerStage } from '../stage/worker-stage';
import { reportContest } from './contest-report';
import { commandCounts, totalOf } from './redis-stats';

export interface ContestOptions {
  readonly rounds: number;
  /** Of one run; a round is one run of each. */
  readonly seconds: number;
  readonly connections: number;
  /** The whole cluster, or a worker alone. */
  readonly stage: 'cluster' | 'worker';
  /** Fewer than the scenario's, for work on the lane. */
  readonly peers: readonly PeerName[];
}

export interface Run extends LoadResult {
  /** CPU time of the proxy per request in microseconds: less sensitive than its rate to what else runs on the machine. */
  readonly cpuMicros: number;
  /** Part of a core that the proxy used: well below 1, something else was the bottleneck. */
  readonly busy: number;
  /** Commands that Redis served per request; null: the proxy has none. */
  readonly redisCommands: number | null;
}

export interface Contender extends Proxy {
  readonly redisPort: number | null;
  readonly runs: Run[];
}

/** Before the first round: for the compiler. Before each run: for leases and pools, which idle ones give up. */
const FIRST_WARM_UP_SECONDS = 3;
const WARM_UP_SECONDS = 1;

/** The router and its peers by turns, bound to one core, in front of the same instances. */
export function measureContest(scenario: Scenario, options: ContestOptions): Promise<Outcome> {
  const withStage = options.stage === 'cluster' ? withClusterStage : withWorkerStage;
  return withStage(scenario.instance, async (stage) => {
    const beside: { stop(): Promise<unknown> }[] = [];
    try {
      const contenders: Contender[] = [{ ...stage.router, redisPort: stage.redisPort, runs: [] }];
      for (const name of options.peers) {
        const peer = await startPeer(PEERS[name], stage.ports, stage.directory);
        beside.push(peer);
        contenders.push({ ...peer, redisPort: null, runs: [] });
      }
      const pinned = canPin();
      if (pinned) {
        pin(
          contenders.map(({ pid }) => pid),
          MEASURED_CORE,
        );
        pin(stage.otherPids, OTHER_CORE);
      }
      const core = pinned ? OTHER_CORE : null;
      for (const { url } of contenders) {
        if (scenario.idle === undefined) break;
        beside.push(await holdIdle(url, scenario.idle));
      }
      console.log(
        `${scenario.what}; ${options.rounds} rounds of ${options.seconds} s each, ${options.connections} connections, ` +
          `${stage.ports.length} instances; ${pinned ? 'proxies on one core, everything else on the other' : 'not bound to cores'}\n`,
      );
      await directly(scenario, stage, { ...options, core });
      await compete(scenario, contenders, { ...options, core });
      return reportContest(scenario, contenders);
    } finally {
      for (const one of beside.reverse()) await one.stop();
    }
  });
}

/** What the load and one instance can do without a proxy: far above the others, or these are not measured. */
async function directly(
  { load }: Scenario,
  { ports: [port] }: Stage,
  options: Omit<RunOptions, 'url'>,
): Promise<void> {
  const { perSecond, errors } = await load({ ...options, url: `http://127.0.0.1:${port}`, seconds: 1 });
  console.log(`one instance, directly: ${perSecond.toFixed(0)}/s  errors ${errors}`);
}

async function compete(
  { load }: Scenario,
  contenders: readonly Contender[],
  { rounds, seconds, connections, core }: ContestOptions & { readonly core: number | null },
): Promise<void> {
  const run = { connections, core };
  for (const { url } of contenders) await load({ ...run, url, seconds: FIRST_WARM_UP_SECONDS });
  for (let round = 1; round <= rounds; round += 1) {
    for (const { name, url, pid, redisPort, runs } of contenders) {
      await load({ ...run, url, seconds: WARM_UP_SECONDS });
      const redisBefore = await redisCalls(redisPort);
      const [before, startedAt] = [cpuSeconds(pid), performance.now()];
      const result = await load({ ...run, url, seconds });
      const used = cpuSeconds(pid) - before;
      const redisAfter = await redisCalls(redisPort);
      const cpuMicros = (used * 1e6) / result.requests;
      const busy = (used * 1000) / (performance.now() - startedAt);
      const redisCommands =
        redisBefore === null || redisAfter === null ? null : (redisAfter - redisBefore) / result.requests;
      runs.push({ ...result, cpuMicros, busy, redisCommands });
      const figures = `${result.perSecond.toFixed(0).padStart(6)}/s  ${cpuMicros.toFixed(1).padStart(6)} us CPU/request`;
      console.log(
        `round ${round}  ${name.padEnd(12)}  ${figures}  busy ${busy.toFixed(2)}  errors ${result.errors}`,
      );
    }
  }
}

async function redisCalls(port: number | null): Promise<number | null> {
  return port === null ? null : totalOf(await commandCounts(port));
}

/** Opens connections, each with one request, that stay open until `stop`. */
async function holdIdle(url: string, count: number): Promise<RunningProcess> {
  return startProcess({
    name: 'idle connections',
    command: process.execPath,
    args: [join(__dirname, '..', 'programs', 'idle-connections.js'), new URL(url).port, String(count), TOKEN],
    ready: /^idle$/m,
  });
}
