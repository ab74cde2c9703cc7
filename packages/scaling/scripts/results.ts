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
import { cellsOf, marksOf, RIVALS, rowOf, VERDICTS } from '../src/report/verdict';

const TRACES = ['azure_llm_2023_code_1s', 'nasa_busiest_day_1s', 'nab_elb_5min'];
const KINDS = ['exponential', 'constant'] as const;
const SEED = 1;
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
    for (const cell of cellsOf(trace, (meanMs) => ({ kind, meanMs }), SEED)) {
      cell.verdicts.forEach((said, at) => {
        for (const key of [`${kind} ${RIVALS[at] ?? ''} ${said}`, `${kind} all ${said}`]) {
          counts.set(key, (counts.get(key) ?? 0) + 1);
        }
      });
      lines.push(rowOf(cell));
      process.stderr.write(`${kind} ${name} ${cell.serviceMs} ${cell.startupMs}: ${marksOf(cell)}\n`);
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
