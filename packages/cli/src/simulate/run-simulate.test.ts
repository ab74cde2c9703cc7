import { Command } from 'commander';
import { POLICY_NAMES } from '@waiter/scaling';
import { UsageError } from '../usage-error';
import { runSimulate } from './run-simulate';
import { readComparison, withSimulateFlags } from './simulate-flags';

const SHORT = { length: '2m', rate: '5' };

test('a table: one line per policy, under one of titles', () => {
  const lines = runSimulate(undefined, SHORT).trim().split('\n');
  expect(lines[0]).toMatch(/^sine: \d+ requests in 2m$/);
  expect(lines[1]).toContain('service time 1s (exponential), start-up 5s (constant)');
  expect(lines[3]).toMatch(/^policy +wait p50 +p99 +p99\.9 +> start-up +instance-s/);
  expect(lines.slice(4).map((line) => line.split(' ')[0])).toEqual(POLICY_NAMES);
});

test('--json: the figures of the issue, and the same for the same seed', () => {
  const run = (seed: string): unknown =>
    JSON.parse(runSimulate(undefined, { ...SHORT, policies: 'kpa', json: true, seed }));
  expect(run('3')).toEqual(run('3'));
  expect(run('3')).toMatchObject({
    trace: { name: 'sine', stepMs: 1000, lengthMs: 120_000 },
    limits: { concurrencyLevel: 1, minInstances: 1, maxInstances: 500 },
    results: [
      {
        policy: 'kpa',
        waitP50Ms: expect.any(Number) as number,
        waitP99Ms: expect.any(Number) as number,
        waitP999Ms: expect.any(Number) as number,
        waitedOverStartup: expect.any(Number) as number,
        instanceSeconds: expect.any(Number) as number,
        startsPlusStops: expect.any(Number) as number,
        coldStarts: expect.any(Number) as number,
      },
    ],
  });
});

test.each([
  [{ policies: 'original,best' }, /--policies: there is no "best"/],
  [{ startup: '5' }, /--startup: "5" is not a duration/],
  [{ serviceTime: '0s' }, /--service-time: must be longer/],
  [
    { serviceDistribution: 'pareto' },
    /--service-distribution: expected one of constant, exponential, lognormal/,
  ],
  [{ concurrencyLevel: '0' }, /--concurrency-level: expected a whole number of at least 1/],
  [{ rate: '-1' }, /--rate: expected a positive number/],
  [{ pattern: 'saw' }, /--pattern: expected one of/],
  [{ length: '10ms' }, /--length: at least 1s/],
])('%j is refused with the flag named', (flags, message) => {
  expect(() => runSimulate(undefined, flags)).toThrow(UsageError);
  expect(() => runSimulate(undefined, flags)).toThrow(message);
});

test('a trace that cannot be read is a usage error', () => {
  expect(() => runSimulate('/does/not/exist.csv', {})).toThrow(UsageError);
});

test('the flags of the command are those that are read', () => {
  const command = withSimulateFlags(new Command('simulate')).exitOverride();
  command.parse(
    ['--startup', '30s', '--startup-distribution', 'lognormal', '--startup-cv', '0.2', '--routers', '4'],
    {
      from: 'user',
    },
  );
  expect(readComparison(command.opts())).toMatchObject({
    startup: { kind: 'lognormal', meanMs: 30_000, cv: 0.2 },
    service: { kind: 'exponential', meanMs: 1000 },
    routers: 4,
  });
});
