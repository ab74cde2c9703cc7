import { withCluster } from '../cluster/cluster';
import { loadAverage } from '../report/machine';
import { verdict, type Outcome } from '../report/measurement';
import { percentile, summary } from '../report/statistics';
import { table } from '../report/table';
import { directStart } from './direct-start';
import { firstRequests, type ColdStart } from './first-requests';

export interface ColdStartOptions {
  readonly runs: number;
  /** Cold starts before, which are not counted: the first of a new cluster also compiles the code that it runs. */
  readonly warmUp: number;
  /** So many services are asked for at once in each run. */
  readonly parallel: number;
  /** So many requests are sent at once for each of them. */
  readonly clients: number;
}

const TARGET_P50_MS = 30;
const TARGET_P95_MS = 60;

export const overhead = ({ before, after }: ColdStart): number => before + after;

/** First byte minus the instance's own start-up, of services that nobody used before; by turns with starts without Waiter. */
export function measureColdStarts({ runs, warmUp, parallel, clients }: ColdStartOptions): Promise<Outcome> {
  return withCluster(async (cluster) => {
    const starts: ColdStart[] = [];
    const direct: number[] = [];
    let errors = 0;
    console.log('run    total     own  before   after  overhead  direct   (ms)');
    for (let run = 1 - warmUp; run <= runs; run += 1) {
      const all = Array.from({ length: parallel }, (_, n) => n);
      try {
        const found = await firstRequests(
          cluster,
          all.map((n) => `cold-${run + warmUp}-${n}`),
          clients,
        );
        const without = (await Promise.all(all.map(() => directStart(cluster.directory, clients)))).flat();
        found.forEach((start, n) => console.log(line(run, start, without[n] ?? NaN)));
        if (run <= 0) continue;
        starts.push(...found);
        direct.push(...without);
      } catch (error) {
        errors += 1;
        console.error(`run ${run} failed: ${String(error)}`);
      }
    }
    if (starts.length > 0) report(starts, direct);
    console.log(`errors: ${errors}`);
    return { errors };
  });
}

function line(run: number, start: ColdStart, direct: number): string {
  const { total, own, before, after } = start;
  const figures = [total, own, before, after].map((value) => value.toFixed(1).padStart(7)).join(' ');
  const last = `${overhead(start).toFixed(1).padStart(9)} ${direct.toFixed(1).padStart(7)}`;
  return `${String(run).padStart(3)} ${figures} ${last}${run > 0 ? '' : '   not counted'}`;
}

function report(starts: readonly ColdStart[], direct: readonly number[]): void {
  const row = (name: string, values: readonly number[]): (string | number)[] => {
    const { min, p50, p95, max } = summary(values);
    return [name, min, p50, p95, max];
  };
  const overheads = starts.map(overhead);
  const rows = [
    row(
      'request sent -> first byte',
      starts.map(({ total }) => total),
    ),
    row(
      "instance's own start-up",
      starts.map(({ own }) => own),
    ),
    row(
      'request sent -> instance process began',
      starts.map(({ before }) => before),
    ),
    row(
      'instance listens -> first byte',
      starts.map(({ after }) => after),
    ),
    row('overhead (total - own)', overheads),
    row('overhead of a start without Waiter', direct),
  ];
  console.log(`\n${table([`${starts.length} cold starts, ms`, 'min', 'p50', 'p95', 'max'], rows)}\n`);
  console.log(verdict('overhead p50', percentile(overheads, 0.5), TARGET_P50_MS, ' ms'));
  console.log(verdict('overhead p95', percentile(overheads, 0.95), TARGET_P95_MS, ' ms'));
  console.log(`load average: ${loadAverage()}`);
}
