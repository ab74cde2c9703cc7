/**
 * `predictive` against its four rivals on loads that its constants were not chosen on: other parts of the traces with
 * another seed, and synthetic loads. Prints one line per load and writes the first such table of docs/autoscaling.md.
 *
 *   nice npx tsx packages/scaling/scripts/held-out.ts
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseTrace, patternTrace, type ArrivalTrace, type Pattern } from '../src';
import { intoDocument } from './document';
import { verdictLines } from './verdict-lines';

const SEED = 7;
const HOUR_MS = 3_600_000;

function part(name: string, from: number, length: number, label: string): ArrivalTrace {
  const file = join(__dirname, '../traces', `${name}.csv`);
  const { stepMs, counts } = parseTrace(name, readFileSync(file, 'utf8'));
  return { name: label, stepMs, counts: counts.slice(from, from + length) };
}

function synthetic(pattern: Pattern, lengthMs = 1.5 * HOUR_MS): ArrivalTrace {
  const period = 'periodMs' in pattern ? ` of ${pattern.periodMs / 60_000} min` : '';
  return { ...patternTrace(pattern, lengthMs, SEED), name: `${pattern.kind}${period}, ${pattern.rate}/s` };
}

const LOADS: readonly ArrivalTrace[] = [
  part('nasa_busiest_day_1s', 0, 18_000, 'NASA day, 0 to 5 h'),
  part('nasa_busiest_day_1s', 64_800, 18_000, 'NASA day, 18 to 23 h'),
  part('nab_elb_5min', 2016, 500, 'ELB, from the 8th day on'),
  synthetic({ kind: 'on-off', rate: 15, periodMs: 120_000 }),
  synthetic({ kind: 'sine', rate: 20, periodMs: 1_800_000 }),
  synthetic({ kind: 'spikes', rate: 30, periodMs: 300_000 }),
  synthetic({ kind: 'ramp', rate: 16 }),
  synthetic({ kind: 'flash', rate: 40, periodMs: 1_200_000 }),
  synthetic({ kind: 'constant', rate: 8 }),
];
intoDocument('held-out', ['', ...verdictLines(LOADS, SEED), '']);
