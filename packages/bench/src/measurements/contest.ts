import type { RunningProcess } from '@waiter/testkit';
import { cpuTime } from '../cluster/cpu-time';
import { residentBytes } from '../cluster/memory';
import type { LoadResult } from '../load/load';
import type { Outcome } from '../report/measurement';
import type { RunOptions, Scenario } from '../scenarios';
import type { Stage } from '../stage/stage';
import { holdIdle, withContenders, type ArenaOptions, type Contender } from './contenders';
import { reportContest } from './contest-report';
import { commandCounts, totalOf } from './redis-stats';

export interface ContestOptions extends ArenaOptions {
  readonly rounds: number;
  /** Of one run; a round is one run of each. */
  readonly seconds: number;
  readonly connections: number;
}

export interface Run extends LoadResult {
  /** CPU time of the proxy per request in microseconds: less sensitive than its rate to what else runs on the machine. */
  readonly cpuMicros: number;
  /** What of it was spent in the kernel. */
  readonly kernelMicros: number;
  /** Part of a core that the proxy used: well below 1, something else was the bottleneck. */
  readonly busy: number;
  /** Commands that Redis served per request; null: the proxy has none. */
  readonly redisCommands: number | null;
}

/** A contender, and what it did. */
export interface Entry extends Contender {
  readonly runs: Run[];
}

/** Before the first round: for the compiler. Before each run: for leases and pools, which idle ones give up. */
const FIRST_WARM_UP_SECONDS = 3;
const WARM_UP_SECONDS = 1;

/** The router and its peers by turns, bound to one core, in front of the same instances. */
export function measureContest(scenario: Scenario, options: ContestOptions): Promise<Outcome> {
  return withContenders(scenario.instance, options, async ({ contenders, stage, core, words }) => {
    const idle: RunningProcess[] = [];
    try {
      const entries = contenders.map((one) => ({ ...one, runs: [] }));
      console.log(
        `${scenario.what}; ${options.rounds} rounds of ${options.seconds} s each, ${options.connections} connections, ${words}\n`,
      );
      await directly(scenario, stage, { ...options, core });
      await warmUp(scenario, entries, { ...options, core });
      if (scenario.idle !== undefined) {
        for (const one of entries) idle.push(await surround(one, scenario.idle));
      }
      await compete(scenario, entries, { ...options, core });
      return reportContest(scenario, entries);
    } finally {
      for (const one of idle.reverse()) await one.stop();
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

/** Opens idle connections to a contender and tells what they cost. */
async function surround({ name, url, pid }: Contender, count: number): Promise<RunningProcess> {
  const before = residentBytes(pid);
  const idle = await holdIdle(url, count);
  const each = (residentBytes(pid) - before) / count / 1024;
  console.log(`${name.padEnd(12)}  ${count} idle connections: ${each.toFixed(1)} KB of resident memory each`);
  return idle;
}

type CompeteOptions = ContestOptions & { readonly core: number | null };

async function warmUp(
  { load }: Scenario,
  entries: readonly Entry[],
  { connections, core }: CompeteOptions,
): Promise<void> {
  for (const { url } of entries) await load({ connections, core, url, seconds: FIRST_WARM_UP_SECONDS });
}

async function compete(
  { load }: Scenario,
  entries: readonly Entry[],
  { rounds, seconds, connections, core }: CompeteOptions,
): Promise<void> {
  const run = { connections, core };
  for (let round = 1; round <= rounds; round += 1) {
    for (const { name, url, pid, redisPort, runs } of entries) {
      await load({ ...run, url, seconds: WARM_UP_SECONDS });
      const redisBefore = await redisCalls(redisPort);
      const [before, startedAt] = [cpuTime(pid), performance.now()];
      const result = await load({ ...run, url, seconds });
      const after = cpuTime(pid);
      const redisAfter = await redisCalls(redisPort);
      const micros = (from: number, to: number): number => ((to - from) * 1e6) / result.requests;
      const cpuMicros = micros(before.total, after.total);
      const kernelMicros = micros(before.kernel, after.kernel);
      const busy = ((after.total - before.total) * 1000) / (performance.now() - startedAt);
      const redisCommands =
        redisBefore === null || redisAfter === null ? null : (redisAfter - redisBefore) / result.requests;
      runs.push({ ...result, cpuMicros, kernelMicros, busy, redisCommands });
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
