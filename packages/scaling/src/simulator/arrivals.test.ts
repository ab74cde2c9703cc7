import * as fc from 'fast-check';
import { arrivalTimes, parseTrace, traceLengthMs } from './arrivals';
import { foresee } from './foresee';
import { patternTrace, PATTERN_KINDS } from './patterns';

test('a trace is read with its step, and missing indices are empty', () => {
  const trace = parseTrace('t', '# step_s=300 start=x\nindex,count\n0,4\n2,1\n');
  expect(trace).toEqual({ name: 't', stepMs: 300_000, counts: [4, 0, 1] });
  expect(traceLengthMs(trace)).toBe(900_000);
  expect(parseTrace('t', '3\n0\n1\n').counts).toEqual([3, 0, 1]);
});

test.each(['', '0,1.5\n', '0,x\n', '0,1\n0,2\n', '0,-1\n', '# step_s=0\n1\n', '99999999999,1\n'])(
  'not a trace: %j',
  (text) => expect(() => parseTrace('bad.csv', text)).toThrow(RangeError),
);

test('arrivals are as many as counted, ordered, each in its step, and repeat with the seed', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(20), { minLength: 1, maxLength: 50 }),
      fc.nat(1000),
      fc.integer({ min: 1, max: 5000 }),
      (counts, seed, stepMs) => {
        const trace = { name: 't', stepMs, counts };
        const times = arrivalTimes(trace, seed);
        expect(times).toEqual(arrivalTimes(trace, seed));
        expect([...times]).toEqual([...times].sort((a, b) => a - b));
        const steps = counts.map(() => 0);
        for (const time of times) {
          const step = Math.min(counts.length - 1, Math.floor(time / stepMs));
          steps[step] = (steps[step] ?? 0) + 1;
        }
        expect(steps).toEqual(counts);
      },
    ),
  );
});

test('within a step arrivals are spread evenly on average', () => {
  const times = arrivalTimes({ name: 't', stepMs: 1000, counts: [20_000] }, 7);
  const early = times.filter((ms) => ms < 250).length;
  expect(Math.abs(early - 5000)).toBeLessThan(300);
});

test.each(PATTERN_KINDS)('pattern %s: no more than its rate, and not nothing', (kind) => {
  const { counts } = patternTrace({ kind, rate: 10, periodMs: 60_000 }, 600_000, 1);
  const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  expect(counts).toHaveLength(600);
  expect(mean).toBeGreaterThan(1);
  expect(mean).toBeLessThan(10.5);
});

test('the oracle is told how many are in service in each second', () => {
  const service = { kind: 'constant', meanMs: 1500 } as const;
  // At 0.1 and 0.2 two start; the second ends at 1.7; at 3.9 another one starts.
  expect([...foresee(Float64Array.of(100, 200, 3900), service, 1)]).toEqual([2, 2, 0, 1, 0]);
});
