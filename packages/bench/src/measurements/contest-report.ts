import { loadAverage } from '../report/machine';
import type { Outcome } from '../report/measurement';
import { median } from '../report/statistics';
import { table } from '../report/table';
import type { Scenario, Target } from '../scenarios';
import type { Entry, Run } from './contest';

const HEAD = [
  'medians of the runs',
  'req/s',
  'slowest',
  'fastest',
  'MB/s',
  'CPU us/req',
  'in kernel',
  'busy',
  'p50 ms',
  'p99 ms',
  'Redis/req',
  'errors',
];

const of = (runs: readonly Run[], figure: (run: Run) => number): number => median(runs.map(figure));
const rate = ({ perSecond }: Run): number => perSecond;
const cpu = ({ cpuMicros }: Run): number => cpuMicros;

export function reportContest(scenario: Scenario, contenders: readonly Entry[]): Outcome {
  const rows = contenders.map(({ name, runs }) => {
    const rates = runs.map(rate);
    return [
      name,
      of(runs, rate).toFixed(0),
      Math.min(...rates).toFixed(0),
      Math.max(...rates).toFixed(0),
      (of(runs, ({ bytesPerSecond }) => bytesPerSecond) / 1e6).toFixed(0),
      of(runs, cpu).toFixed(1),
      of(runs, ({ kernelMicros }) => kernelMicros).toFixed(1),
      of(runs, ({ busy }) => busy).toFixed(2),
      of(runs, ({ p50Ms }) => p50Ms).toFixed(2),
      of(runs, ({ p99Ms }) => p99Ms).toFixed(2),
      redisOf(runs),
      errorsOf(runs),
    ];
  });
  console.log(`\n${table(HEAD, rows)}\n`);
  const [router, ...peers] = contenders;
  for (const peer of peers) {
    if (router !== undefined) compare(scenario, router, peer);
  }
  console.log(`load average: ${loadAverage()}`);
  return { errors: contenders.reduce((sum, { runs }) => sum + errorsOf(runs), 0) };
}

function compare({ targets }: Scenario, router: Entry, peer: Entry): void {
  const ratio = of(router.runs, rate) / of(peer.runs, rate);
  const rounds = router.runs.map((run, round) => run.perSecond / (peer.runs[round]?.perSecond ?? NaN));
  const target = targets.find((one) => one.peer === peer.name);
  console.log(
    `router to ${peer.name}: ${ratio.toFixed(2)} in requests per second ` +
      `(by round: ${rounds.map((one) => one.toFixed(2)).join(', ')}), ` +
      `${(of(router.runs, cpu) / of(peer.runs, cpu)).toFixed(2)} in CPU per request${verdictOf(target, ratio)}`,
  );
}

function verdictOf(target: Target | undefined, ratio: number): string {
  if (target === undefined) return '';
  const met = Number(ratio.toFixed(2)) >= target.atLeast;
  return `; target at least ${target.atLeast}: ${met ? 'met' : 'MISSED'}`;
}

function redisOf(runs: readonly Run[]): string | null {
  const counts = runs.flatMap(({ redisCommands }) => (redisCommands === null ? [] : [redisCommands]));
  return counts.length === 0 ? null : median(counts).toFixed(4);
}

function errorsOf(runs: readonly Run[]): number {
  return runs.reduce((sum, { errors }) => sum + errors, 0);
}
