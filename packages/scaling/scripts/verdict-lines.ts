import type { ArrivalTrace, Distribution } from '../src';
import { cellsOf, RIVALS, VERDICTS, type Verdict } from '../src/report/verdict';

const SERVICES: readonly (readonly [name: string, (meanMs: number) => Distribution])[] = [
  ['exponential', (meanMs) => ({ kind: 'exponential', meanMs })],
  ['heavy-tailed (lognormal, cv 2)', (meanMs) => ({ kind: 'lognormal', meanMs, cv: 2 })],
];

/**
 * A table of how often `predictive` is better than each of its rivals: a line per load and distribution of service times.
 * Each line is printed as soon as it is known.
 */
export function verdictLines(loads: readonly ArrivalTrace[], seed: number): string[] {
  const head = ['load', 'service time', ...RIVALS.map((rival) => `against ${rival}`), ...VERDICTS];
  const lines = [`| ${head.join(' | ')} |`, `|---|---|${'---:|'.repeat(head.length - 2)}`];
  const sums = new Map<Verdict, number>();
  for (const trace of loads) {
    for (const [name, service] of SERVICES) {
      const cells = [...cellsOf(trace, service, seed, [...RIVALS, 'predictive'])];
      const count = (said: Verdict, rival: number | null): number =>
        cells
          .flatMap(({ verdicts }) => (rival === null ? verdicts : [verdicts[rival]]))
          .filter((one) => one === said).length;
      const wins = RIVALS.map((_, rival) => count('better', rival));
      const all = VERDICTS.map((said) => count(said, null));
      VERDICTS.forEach((said, at) => sums.set(said, (sums.get(said) ?? 0) + (all[at] ?? 0)));
      lines.push(`| ${[trace.name, name, ...wins, ...all].join(' | ')} |`);
      process.stderr.write(`${lines[lines.length - 1] ?? ''}\n`);
    }
  }
  const total = VERDICTS.map((said) => sums.get(said) ?? 0);
  lines.push(`| all | | ${RIVALS.map(() => '').join(' | ')} | ${total.join(' | ')} |`);
  return lines;
}
