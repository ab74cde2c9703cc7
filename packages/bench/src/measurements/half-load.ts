import { join } from 'node:path';
import { load, type LoadResult } from '../load/load';
import { PLAIN_HEAD } from '../scenarios/heads';
import { loadAverage } from '../report/machine';
import { verdict, type Outcome } from '../report/measurement';
import { median } from '../report/statistics';
import { table } from '../report/table';
import { withContenders, type ArenaOptions } from './contenders';

export interface HalfLoadOptions extends ArenaOptions {
  readonly rounds: number;
  /** Of one run. */
  readonly seconds: number;
  readonly connections: number;
}

/** What a run through somebody, or straight to an instance, came to. */
interface Way {
  readonly name: string;
  readonly url: string;
  readonly runs: LoadResult[];
}

const THINK = join(__dirname, '..', '..', 'lua', 'think.lua');
const FULL_LOAD_SECONDS = 3;
const TARGET = 2;

/**
 * Latency that each proxy adds when the load is half of what the router could do, the same for all: what it takes through the proxy,
 * less what it takes straight to an instance.
 */
export function measureHalfLoad(options: HalfLoadOptions): Promise<Outcome> {
  const { rounds, seconds, connections } = options;
  return withContenders('nginx', options, async ({ contenders, stage, core, words }) => {
    const request = { headers: PLAIN_HEAD, connections, core };
    const instance = { name: 'directly', url: `http://127.0.0.1:${stage.ports[0]}` };
    const ways: Way[] = [instance, ...contenders].map(({ name, url }) => ({ name, url, runs: [] }));
    let full = NaN;
    for (const { url } of [...contenders].reverse()) {
      full = (await load({ ...request, url: `${url}/`, seconds: FULL_LOAD_SECONDS })).perSecond;
    }
    // A connection waits between nothing and this, so that on average it asks once in `connections / (full / 2)` seconds.
    const longestMs = Math.max(1, Math.round(2 * ((connections * 1_000) / (full / 2) - 0.5)));
    console.log(
      `small reply, plain head, at half of the ${full.toFixed(0)}/s that the router can do; ${rounds} rounds of ${seconds} s each, ` +
        `${connections} connections that wait up to ${longestMs} ms before each request, ${words}\n`,
    );
    const script = { file: THINK, args: [String(longestMs)] };
    for (let round = 1; round <= rounds; round += 1) {
      for (const { name, url, runs } of ways) {
        const run = await load({ ...request, url: `${url}/`, seconds, script });
        runs.push(run);
        const figures = `p50 ${run.p50Ms.toFixed(2)} ms  p99 ${run.p99Ms.toFixed(2)} ms`;
        console.log(
          `round ${round}  ${name.padEnd(12)}  ${run.perSecond.toFixed(0).padStart(6)}/s  ${figures}`,
        );
      }
    }
    return report(ways);
  });
}

function report([direct, ...ways]: readonly Way[]): Outcome {
  if (direct === undefined) throw new Error('nothing to compare with');
  const added = ({ runs }: Way, figure: (run: LoadResult) => number): number =>
    median(runs.map((run, round) => figure(run) - figure(direct.runs[round] as LoadResult)));
  const middle = ({ runs }: Way, figure: (run: LoadResult) => number): number => median(runs.map(figure));
  const p50 = ({ p50Ms }: LoadResult): number => p50Ms;
  const p99 = ({ p99Ms }: LoadResult): number => p99Ms;
  const errors = (way: Way): number => way.runs.reduce((sum, run) => sum + run.errors, 0);
  const rows = [direct, ...ways].map((way) => [
    way.name,
    middle(way, ({ perSecond }) => perSecond).toFixed(0),
    middle(way, p50).toFixed(3),
    middle(way, p99).toFixed(3),
    added(way, p50).toFixed(3),
    added(way, p99).toFixed(3),
    errors(way),
  ]);
  const head = ['medians of the runs', 'req/s', 'p50 ms', 'p99 ms', 'added p50', 'added p99', 'errors'];
  console.log(`\n${table(head, rows)}\n`);
  const [router, ...peers] = ways;
  for (const peer of peers) {
    if (router === undefined) continue;
    const ratio = added(router, p99) / added(peer, p99);
    const what = `added p99, router to ${peer.name}`;
    console.log(
      peer.name === 'haproxy' ? verdict(what, ratio, TARGET, '', 2) : `${what}: ${ratio.toFixed(2)}`,
    );
  }
  console.log(`load average: ${loadAverage()}`);
  return { errors: [direct, ...ways].reduce((sum, way) => sum + errors(way), 0) };
}
