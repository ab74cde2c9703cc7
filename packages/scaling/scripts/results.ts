/**
 * Runs every policy on every trace of `packages/scaling/traces` with three start-up and three service times, and writes the tables of
 * docs/autoscaling.md. Takes some minutes.
 *
 *   nice npx tsx packages/scaling/scripts/results.ts
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseTrace, POLICY_NAMES } from '../src';
import { intoDocument } from './document';
import { cellsOf, RIVALS, VERDICTS, type Verdict } from './verdict';

const TRACES = ['azure_llm_2023_code_1s', 'nasa_busiest_day_1s', 'nab_elb_5min'];
const KINDS = ['exponential', 'constant'] as const;
const SEED = 1;
const MARKS: Readonly<Record<Verdict, string>> = {
  better: '**better**',
  same: 'same',
  trade: 'trade',
  worse: 'WORSE',
};
const seconds = (ms: number): string => (ms / 1000).toFixed(ms < 10_000 ? 2 : 1);

const counts = new Map<string, number>();
const lines: string[] = [];
for (const kind of KINDS) {
  for (const name of TRACES) {
    const trace = parseTrace(name, readFileSync(join(__dirname, '../traces', `${name}.csv`), 'utf8'));
    lines.push('', `### ${name}, service time ${kind}`, '');
    lines.push(
      `| service / start-up | ${POLICY_NAMES.join(' | ')} | predictive against ${RIVALS.join(', ')} |`,
    );
    lines.push(`|---|${POLICY_NAMES.map(() => '---:|').join('')}---|`);
    for (const { serviceMs, startupMs, results, verdicts } of cellsOf(
      trace,
      (meanMs) => ({ kind, meanMs }),
      SEED,
    )) {
      verdicts.forEach((said, at) => {
        for (const key of [`${kind} ${RIVALS[at] ?? ''} ${said}`, `${kind} all ${said}`]) {
          counts.set(key, (counts.get(key) ?? 0) + 1);
        }
      });
      const cells = [...results.values()].map(
        ({ waitP99Ms, instanceSeconds, startsPlusStops }) =>
          `${seconds(waitP99Ms)} s, ${Math.round(instanceSeconds / 100) / 10}k, ${startsPlusStops}`,
      );
      const marks = verdicts.map((said) => MARKS[said]).join(', ');
      lines.push(`| ${serviceMs / 1000} s / ${startupMs / 1000} s | ${cells.join(' | ')} | ${marks} |`);
      process.stderr.write(`${kind} ${name} ${serviceMs} ${startupMs}: ${marks}\n`);
    }
  }
}

const summary = KINDS.flatMap((kind) => [
  '',
  `| predictive, service time ${kind} | better | same | trade | worse |`,
  '|---|---:|---:|---:|---:|',
  ...[...RIVALS, 'all'].map(
    (rival) =>
      `| against ${rival} | ${VERDICTS.map((said) => counts.get(`${kind} ${rival} ${said}`) ?? 0).join(' | ')} |`,
  ),
]);
process.stdout.write(`${summary.join('\n')}\n`);
intoDocument('results', [...summary, ...lines, '']);
