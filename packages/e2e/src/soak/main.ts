import { parseArgs } from 'node:util';
import { runSoak } from './run-soak';

const USAGE = `usage: scripts/soak [--minutes 10] [--seed N]

Mixes every kind of traffic on a fleet of its own (loopback, free ports) with instances that come, go and crash, new versions
and changes of the leader. Ends with "soak passed" and 0, or with what was wrong and 1.
`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { minutes: { type: 'string' }, seed: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
  });
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  if (values.help === true) {
    say(USAGE);
    return 0;
  }
  const minutes = Number(values.minutes ?? 10);
  const seed = Number(values.seed ?? 1);
  if (!(minutes > 0 && minutes <= 600) || !Number.isInteger(seed)) throw new TypeError(USAGE);
  return (await runSoak({ durationMs: minutes * 60_000, seed, say })) ? 0 : 1;
}

main().then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof TypeError ? error.message : String((error as Error).stack)}\n`);
    process.exitCode = error instanceof TypeError ? 2 : 1;
  },
);
