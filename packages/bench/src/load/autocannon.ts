import type { LoadOptions, LoadResult } from './load';

interface Report {
  readonly requests: { readonly total: number; readonly average: number };
  readonly throughput: { readonly average: number };
  readonly latency: { readonly p50: number; readonly p99: number };
  readonly errors: number;
  readonly timeouts: number;
  readonly non2xx: number;
}

export function autocannonCommand({ url, connections, seconds, headers }: LoadOptions): string[] {
  const flags = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}=${value}`]);
  const program = require.resolve('autocannon/autocannon.js');
  return [
    process.execPath,
    program,
    '--json',
    '-n',
    '-c',
    `${connections}`,
    '-d',
    `${seconds}`,
    ...flags,
    url,
  ];
}

/** @throws Error when this is no JSON report of autocannon */
export function parseAutocannon(output: string): LoadResult {
  const json = output.split('\n').find((line) => line.startsWith('{'));
  if (json === undefined) throw new Error(`not a report of autocannon: ${output}`);
  const { requests, throughput, latency, errors, timeouts, non2xx } = JSON.parse(json) as Report;
  return {
    requests: requests.total,
    perSecond: requests.average,
    bytesPerSecond: throughput.average,
    errors: errors + timeouts + non2xx,
    p50Ms: latency.p50,
    p99Ms: latency.p99,
  };
}
