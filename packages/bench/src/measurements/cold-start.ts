import { kitchenCommand } from '@waiter/kitchen';
import { sleep } from '@waiter/testkit';
import { withCluster, type Cluster } from '../cluster/cluster';
import { deleteService, registerToken, tasksOf } from '../cluster/service';
import { loadAverage } from '../report/machine';
import { verdict, type Outcome } from '../report/measurement';
import { percentile, summary } from '../report/statistics';
import { table } from '../report/table';
import { directStart } from './direct-start';
import { ask } from './first-byte';
import { kitchenStart } from './kitchen-start';

export interface ColdStartOptions {
  readonly runs: number;
  /** Cold starts before, which are not counted: the first of a new cluster also compiles the code that it runs. */
  readonly warmUp: number;
}

/** One cold start, in milliseconds. */
export interface ColdStart {
  /** Request sent to first byte received. */
  readonly total: number;
  /** The instance's own: its process was made to it listens. */
  readonly own: number;
  /** Request sent to the instance's process was made. */
  readonly before: number;
  /** The instance listens to first byte received. */
  readonly after: number;
}

const TARGET_P50_MS = 30;
const TARGET_P95_MS = 60;
const ANSWER_MS = 30_000;
/** Until the last load report that names the request is replaced: with it a deleted service would be started again. */
const UNUSED_MS = 600;
/** Lets what a deletion leaves to be done end, and is no multiple of any period (ticks, reports, heartbeats). */
const REST_MS = 700;

export const overhead = ({ before, after }: ColdStart): number => before + after;

/** First byte minus the instance's own start-up, of services that nobody used before; by turns with starts without Waiter. */
export function measureColdStarts({ runs, warmUp }: ColdStartOptions): Promise<Outcome> {
  return withCluster(async (cluster) => {
    const starts: ColdStart[] = [];
    const direct: number[] = [];
    let errors = 0;
    console.log('run    total     own  before   after  overhead  direct   (ms)');
    for (let run = 1 - warmUp; run <= runs; run += 1) {
      try {
        const start = await coldStart(cluster, `cold-${run + warmUp}`);
        const without = await directStart(cluster.directory);
        if (run > 0) {
          starts.push(start);
          direct.push(without);
        }
        console.log(line(run, start, without));
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

async function coldStart(cluster: Cluster, token: string): Promise<ColdStart> {
  await registerToken(cluster, token, { cmd: `${kitchenCommand()} -p $PORT0`, version: token });
  await sleep(REST_MS);
  const port = Number(new URL(cluster.routerUrl).port);
  const { sentAt, firstByteAt, status, head } = await ask(
    port,
    { 'x-waiter-token': token, 'x-waiter-debug': 'true' },
    ANSWER_MS,
  );
  const serviceId = /^x-waiter-service-id: (.*)$/im.exec(head)?.[1]?.trim();
  if (status !== 200 || serviceId === undefined) throw new Error(head);
  const [task] = await tasksOf(cluster, serviceId);
  if (task === undefined) throw new Error(`${serviceId} answered, but Marathon runs no task of it`);
  const kitchen = await kitchenStart(cluster.stdoutOf(task.id));
  // The process exists since the fork; the kitchen's own word begins only when Node runs, after the shell and the loader.
  const startedAt = Math.min(kitchen.startedAt, Date.parse(task.startedAt ?? '') || Infinity);
  const { listeningAt } = kitchen;
  await sleep(UNUSED_MS);
  await deleteService(cluster, serviceId);
  return {
    total: firstByteAt - sentAt,
    own: listeningAt - startedAt,
    before: startedAt - sentAt,
    after: firstByteAt - listeningAt,
  };
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
