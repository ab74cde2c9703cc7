import { parseArgs } from 'node:util';
import { measureColdStarts } from './measurements/cold-start';
import { measureRedisCommands } from './measurements/redis-commands';
import { measureThroughput } from './measurements/throughput';
import { loadAverage, machine } from './report/machine';
import type { Outcome } from './report/measurement';

const USAGE = `usage: npm run bench -- <measurement> [options]

  cold-start      first byte minus the instance's own start-up   --runs 30 --warm-up 2
  redis-commands  Redis commands per request on the warm path    --seconds 10 --connections 32
  throughput      one router worker against bare http-proxy      --rounds 5 --seconds 5 --connections 32

Each starts a cluster of its own on free ports of 127.0.0.1 and stops it. Exit code: 0; 1 when a request or run failed;
2 when the command line is wrong. Targets and results: docs/performance.md.
`;

class UsageError extends Error {}

type Read = (name: string, fallback: number) => number;

const MEASUREMENTS: Readonly<
  Record<string, { options: readonly string[]; run(read: Read): Promise<Outcome> }>
> = {
  'cold-start': {
    options: ['runs', 'warm-up'],
    run: (read) => measureColdStarts({ runs: read('runs', 30), warmUp: read('warm-up', 2) }),
  },
  'redis-commands': {
    options: ['seconds', 'connections'],
    run: (read) =>
      measureRedisCommands({ seconds: read('seconds', 10), connections: read('connections', 32) }),
  },
  throughput: {
    options: ['rounds', 'seconds', 'connections'],
    run: (read) =>
      measureThroughput({
        rounds: read('rounds', 5),
        seconds: read('seconds', 5),
        connections: read('connections', 32),
      }),
  },
};

async function main([name = '', ...args]: readonly string[]): Promise<number> {
  if (name === '--help' || name === '-h') {
    console.log(USAGE);
    return 0;
  }
  const measurement = MEASUREMENTS[name];
  if (measurement === undefined)
    throw new UsageError(name === '' ? 'no measurement' : `no measurement ${name}`);
  const { values } = parseFlags(args, measurement.options);
  const read: Read = (flag, fallback) => {
    const text = values[flag];
    if (text === undefined) return fallback;
    const value = Number(text);
    if (!Number.isInteger(value) || value < (flag === 'warm-up' ? 0 : 1) || value > 10_000) {
      throw new UsageError(`--${flag} must be a whole number, not "${String(text)}"`);
    }
    return value;
  };
  console.log(`${name}, ${new Date().toISOString()}\n${machine()}\nload average before: ${loadAverage()}\n`);
  const { errors } = await measurement.run(read);
  return errors === 0 ? 0 : 1;
}

function parseFlags(args: readonly string[], names: readonly string[]): { values: Record<string, unknown> } {
  try {
    const options = Object.fromEntries(names.map((name) => [name, { type: 'string' as const }]));
    return parseArgs({ args: [...args], options, allowPositionals: false });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

main(process.argv.slice(2)).then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    const usage = error instanceof UsageError;
    console.error(usage ? `${error.message}\n\n${USAGE}` : error);
    process.exitCode = usage ? 2 : 1;
  },
);
