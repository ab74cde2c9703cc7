import { comparePolicies } from './compare-policies';
import { patternTrace } from './patterns';

const DAY_MS = 86_400_000;

test('a day of a million requests is simulated in well under a minute', () => {
  const trace = patternTrace({ kind: 'sine', rate: 24, periodMs: DAY_MS }, DAY_MS, 1);
  const startedAt = process.hrtime.bigint();
  const [result] = comparePolicies({
    trace,
    service: { kind: 'exponential', meanMs: 1000 },
    startup: { kind: 'constant', meanMs: 5000 },
    limits: { concurrencyLevel: 1, minInstances: 1, maxInstances: 500 },
    routers: 3,
    seed: 1,
    policies: ['predictive'],
  });
  const tookMs = Number(process.hrtime.bigint() - startedAt) / 1e6;
  expect(result?.requests).toBeGreaterThan(1_000_000);
  expect(tookMs).toBeLessThan(30_000);
}, 60_000);
