import { spawnSync } from 'node:child_process';
import type { LoadOptions, LoadResult } from './load';

const UNITS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1_000, m: 60_000 };

export function hasWrk(): boolean {
  return spawnSync('wrk', ['--version'], { stdio: 'ignore' }).error === undefined;
}

export function wrkCommand({ url, connections, seconds, headers, script }: LoadOptions): string[] {
  const flags = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
  const scripted = script === undefined ? [url] : ['-s', script.file, url, '--', ...script.args];
  return ['wrk', '-t1', `-c${connections}`, `-d${seconds}s`, '--latency', ...flags, ...scripted];
}

/** @throws Error when this is no report of wrk */
export function parseWrk(report: string): LoadResult {
  const total = /(\d+) requests in ([\d.]+)(us|ms|s|m),/.exec(report);
  const rate = /^Requests\/sec:\s+([\d.]+)$/m.exec(report);
  if (total === null || rate === null) throw new Error(`not a report of wrk: ${report}`);
  const socketErrors = /Socket errors: (.*)/.exec(report)?.[1] ?? '';
  const bad = /Non-2xx or 3xx responses: (\d+)/.exec(report)?.[1] ?? '0';
  const errors = (socketErrors.match(/\d+/g) ?? []).reduce((sum, count) => sum + Number(count), Number(bad));
  return {
    requests: Number(total[1]),
    perSecond: Number(rate[1]),
    bytesPerSecond: bytes(report),
    errors,
    p50Ms: latency(report, '50'),
    p99Ms: latency(report, '99'),
  };
}

function bytes(report: string): number {
  const found = /^Transfer\/sec:\s+([\d.]+)([KMGT]?)B$/m.exec(report);
  return found === null ? NaN : Number(found[1]) * 1024 ** ' KMGT'.indexOf(found[2] || ' ');
}

function latency(report: string, percent: string): number {
  const found = new RegExp(`^\\s+${percent}%\\s+([\\d.]+)(us|ms|s|m)$`, 'm').exec(report);
  return found === null ? NaN : Number(found[1]) * (UNITS[found[2] ?? ''] ?? NaN);
}
