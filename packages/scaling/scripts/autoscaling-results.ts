/**
 * Runs every policy on every trace of `packages/scaling/traces` with three start-up and three service times, and writes the tables of
 * docs/autoscaling.md (between its markers). Takes some minutes.
 *
 *   nice npx tsx packages/scaling/scripts/autoscaling-results.ts
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { comparePolicies, parseTrace, POLICY_NAMES, type RequestSimulationResult } from '../src';

const ROOT = join(__dirname, '../../..');
const DOCUMENT = join(ROOT, 'docs/autoscaling.md');
const TRACES = ['azure_llm_2023_code_1s', 'nasa_busiest_day_1s', 'nab_elb_5min'];
const SERVICE_MS = [50, 1000, 10_000];
const STARTUP_MS = [1000, 5000, 30_000];
const RIVALS = ['original', 'original-test', 'kpa', 'hpa'];
const KINDS = ['exponential', 'constant'] as const;

type Verdict = 'win' | 'tie' | 'even' | 'loss';

/** What the two figures that count say: wait p99 and instance-seconds. */
function verdict(ours: RequestSimulationResult, theirs: RequestSimulationResult): Verdict {
  const wait = Math.round(ours.waitP99Ms) - Math.round(theirs.waitP99Ms);
  const cost = Math.round(ours.instanceSeconds) - Math.round(theirs.instanceSeconds);
  if (wait === 0 && cost === 0) return 'tie';
  if (wait <= 0 && cost <= 0) return 'win';
  return wait >= 0 && cost >= 0 ? 'loss' : 'even';
}

const MARKS: Readonly<Record<Verdict, string>> = {
  win: '**better**',
  tie: 'same',
  even: 'trade',
  loss: 'WORSE',
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
    for (const meanMs of SERVICE_MS) {
      for (const startupMs of STARTUP_MS) {
        const results = comparePolicies({
          trace,
          service: { kind, meanMs },
          startup: { kind: 'constant', meanMs: startupMs },
          limits: { concurrencyLevel: 1, minInstances: 1, maxInstances: 500 },
          routers: 1,
          seed: 1,
          policies: POLICY_NAMES,
        });
        const find = (policy: string): RequestSimulationResult => {
          const found = results.find((result) => result.policy === policy);
          if (found === undefined) throw new Error(`no result of ${policy}`);
          return found;
        };
        const verdicts = RIVALS.map((rival) => {
          const said = verdict(find('predictive'), find(rival));
          for (const key of [`${kind} ${rival} ${said}`, `${kind} all ${said}`]) {
            counts.set(key, (counts.get(key) ?? 0) + 1);
          }
          return MARKS[said];
        });
        const cells = POLICY_NAMES.map((policy) => {
          const { waitP99Ms, instanceSeconds, startsPlusStops } = find(policy);
          return `${seconds(waitP99Ms)} s, ${Math.round(instanceSeconds / 100) / 10}k, ${startsPlusStops}`;
        });
        lines.push(
          `| ${meanMs / 1000} s / ${startupMs / 1000} s | ${cells.join(' | ')} | ${verdicts.join(', ')} |`,
        );
        process.stderr.write(`${kind} ${name} ${meanMs} ${startupMs}: ${verdicts.join(', ')}\n`);
      }
    }
  }
}

const summary = KINDS.flatMap((kind) => [
  '',
  `| predictive, service time ${kind} | better | same | trade | worse |`,
  '|---|---:|---:|---:|---:|',
  ...[...RIVALS, 'all'].map((rival) => {
    const count = (said: Verdict): number => counts.get(`${kind} ${rival} ${said}`) ?? 0;
    return `| against ${rival} | ${count('win')} | ${count('tie')} | ${count('even')} | ${count('loss')} |`;
  }),
]);
const BEGIN = '<!-- results: written by packages/scaling/scripts/autoscaling-results.ts -->';
const END = '<!-- end of results -->';
const document = readFileSync(DOCUMENT, 'utf8');
const from = document.indexOf(BEGIN);
const to = document.indexOf(END);
if (from < 0 || to < from) throw new Error(`${DOCUMENT} has no markers`);
const results = [BEGIN, ...summary, ...lines, '', ''].join('\n');
writeFileSync(DOCUMENT, document.slice(0, from) + results + document.slice(to));
