import { probeDelay, type ProbeSituation } from './schedule';

const LIMITS = { probeMinMs: 10, probeMaxMs: 200 };
const delay = (situation: Partial<ProbeSituation>): number =>
  probeDelay(
    { ageMs: 0, urgent: true, healthy: false, urgentProbes: 1, intervalMs: 10_000, ...situation },
    LIMITS,
  );

test('the first second is probed at the shortest distance, then less often up to the longest', () => {
  expect([0, 500, 1_000, 2_000, 3_000, 4_000, 10_000].map((ageMs) => delay({ ageMs }))).toEqual([
    10, 10, 10, 20, 40, 80, 200,
  ]);
});

test('what nobody waits for, and what serves already, is probed at the health check interval', () => {
  expect(delay({ urgent: false })).toBe(10_000);
  expect(delay({ healthy: true })).toBe(10_000);
});

test('many starting instances share 500 probes a second', () => {
  expect(delay({ urgentProbes: 100 })).toBe(200);
  expect(delay({ urgentProbes: 100, intervalMs: 150 })).toBe(150);
});
