import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseTrace } from '../simulator/arrivals';
import { cellsOf, RIVALS, rowOf, verdict, VERDICTS } from './verdict';

const ROOT = join(__dirname, '../../../..');
const DOCUMENT = readFileSync(join(ROOT, 'docs/autoscaling.md'), 'utf8');
const TRACE = 'azure_llm_2023_code_1s';
const MARKS = { better: '**better**', same: 'same', trade: 'trade', worse: 'WORSE' } as const;

/** The lines of one generated section. */
const section = (head: string): readonly string[] =>
  (DOCUMENT.split(`### ${head}\n`)[1] ?? '').split('\n#')[0]?.split('\n') ?? [];

test('the tables of docs/autoscaling.md are what the simulator says now', () => {
  const trace = parseTrace(TRACE, readFileSync(join(__dirname, '../../traces', `${TRACE}.csv`), 'utf8'));
  for (const kind of ['exponential', 'constant'] as const) {
    const documented = section(`${TRACE}, service time ${kind}`);
    for (const cell of cellsOf(trace, (meanMs) => ({ kind, meanMs }), 1, undefined, [50, 1000])) {
      expect(documented).toContain(rowOf(cell));
    }
  }
});

test.each(['exponential', 'constant'])('the counts of %s service times are those of its tables', (kind) => {
  const rows = [TRACE, 'nasa_busiest_day_1s', 'nab_elb_5min']
    .flatMap((name) => section(`${name}, service time ${kind}`))
    .filter((line) => /^\| [\d.]+ s \/ /.test(line))
    .map((line) => line.split('|').at(-2)?.trim().split(', ') ?? []);
  expect(rows).toHaveLength(27);
  for (const [at, rival] of [...RIVALS, 'all'].entries()) {
    const said = rows.flatMap((marks) => (rival === 'all' ? marks : [marks[at]]));
    const counts = VERDICTS.map((one) => said.filter((mark) => mark === MARKS[one]).length);
    const table = DOCUMENT.split(`service time ${kind} | better`)[1]?.split('\n\n')[0] ?? '';
    expect(table).toContain(`| against ${rival} | ${counts.join(' | ')} |`);
  }
});

test('better is one figure lower and the other not higher', () => {
  const of = (waitP99Ms: number, instanceSeconds: number) =>
    ({ waitP99Ms, instanceSeconds }) as Parameters<typeof verdict>[0];
  expect(verdict(of(100, 50), of(100, 50))).toBe('same');
  expect(verdict(of(100, 49), of(100, 50))).toBe('better');
  expect(verdict(of(90, 50), of(100, 50))).toBe('better');
  expect(verdict(of(90, 60), of(100, 50))).toBe('trade');
  expect(verdict(of(100, 60), of(100, 50))).toBe('worse');
});
