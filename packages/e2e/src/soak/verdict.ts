import type { Churn } from './churn';
import { growthMiB } from './flatness';
import type { Series } from './processes';
import type { TrafficRun } from './traffic';

/** Sockets that may be open when nobody asks anything: keep-alive towards Redis, instances, and the like. */
const SPARE_SOCKETS = 8;

export interface Findings {
  readonly traffic: TrafficRun;
  readonly churn: Churn;
  readonly series: Series;
  /** What the processes held before the traffic and after it, at rest. */
  readonly before: Series;
  readonly after: Series;
  readonly leases: readonly string[];
  readonly lines: readonly string[];
}

/** Everything that was found, as text for people. @returns whether the soak passed */
export function report(found: Findings, say: (line: string) => void): boolean {
  const faults: string[] = [...found.churn.failures, ...found.leases, ...found.lines];
  say('traffic                  rounds  provoked  failed');
  for (const [name, { rounds, provoked, failures }] of found.traffic.tallies) {
    const failed = [...failures.values()].reduce((sum, count) => sum + count, 0);
    say(`${name.padEnd(23)} ${pad(rounds, 7)} ${pad(provoked, 9)} ${pad(failed, 7)}`);
    for (const [words, count] of failures) faults.push(`${name} failed ${count} times: ${words}`);
    if (rounds === 0) faults.push(`${name}: not one round`);
  }
  say('');
  for (const [act, count] of found.churn.done) say(`${act}: ${count}`);
  say('\nprocess                  MiB from..to  growth  sockets before..after');
  for (const [name, samples] of found.series) {
    const resident = samples.map(({ residentMiB }) => residentMiB);
    const growth = growthMiB(resident);
    const [before = 0, after = 0] = [found.before, found.after].map((at) => at.get(name)?.[0]?.sockets);
    const range = `${Math.min(...resident).toFixed(0)}..${Math.max(...resident).toFixed(0)}`;
    say(`${name.padEnd(23)} ${range.padStart(13)} ${pad(growth ?? '?', 7)}  ${before}..${after}`);
    if (growth !== null && growth > 0) faults.push(`${name} grew by ${growth.toFixed(1)} MiB beyond noise`);
    if (after > before + SPARE_SOCKETS)
      faults.push(`${name} holds ${after} sockets at rest, ${before} before`);
  }
  say('');
  for (const fault of faults) say(`FAULT  ${fault}`);
  say(faults.length === 0 ? 'soak passed' : `soak failed: ${faults.length} faults`);
  return faults.length === 0;
}

const pad = (value: number | string, width: number): string =>
  String(typeof value === 'number' ? Math.round(value) : value).padStart(width);
