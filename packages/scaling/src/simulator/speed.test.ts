import { comparePolicies } from './compare-policies';
import { patternTrace } from './patterns';

const DAY_MS = 86_400_000;

// Its time limit is the assertion: some seconds on a machine at rest.
test('a day of a million requests is simulated within a minute', () => {
  const trace = patternTrace({ kind: 'sine', rate: 24, periodMs: DAY_MS }, DAY_MS, 1);
  const [result] = comparePolicies({
    trace,
    service: { kind: 'exponential', meanMs: 1000 },
    startup: { kind: 'constant', meanMs: 5000 },
    limits: { concurrencyLevel: 1, minInstances: 1, maxInstances: 500 },
    routers: 3,
    seed: 1,
    policies: ['predictive'],
  });
  expect(result?.requests).toBeGreaterThan(1_000_000);
}, 60_000);
