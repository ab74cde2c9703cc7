import * as fc from 'fast-check';
import type { Policy } from '../policies/policy';
import { POLICY_NAMES } from '../policies/registry';
import { arrivalTimes } from './arrivals';
import { comparePolicies } from './compare-policies';
import { patternTrace } from './patterns';
import { simulateRequests, type RequestSimulationOptions } from './simulate-requests';

const scripted = (at: (nowMs: number) => number, intervalMs = 1000): Policy => ({
  name: 'scripted',
  description: '',
  intervalMs,
  queueLookMs: null,
  stopsPerEvaluation: null,
  constants: {},
  decide: (_limits, { nowMs }) => ({ instances: at(nowMs), memory: null, steps: {} }),
});

const BASE: Omit<RequestSimulationOptions, 'arrivals' | 'policy'> = {
  lengthMs: 10_000,
  service: { kind: 'constant', meanMs: 1000 },
  startup: { kind: 'constant', meanMs: 2000 },
  limits: { concurrencyLevel: 1, minInstances: 1, maxInstances: 10 },
  routers: 1,
  seed: 1,
};

test('requests wait in order of arrival for the one instance', () => {
  const result = simulateRequests({
    ...BASE,
    arrivals: Float64Array.of(0, 100, 200),
    policy: scripted(() => 1),
  });
  expect(result).toMatchObject({
    requests: 3,
    waitP50Ms: 900,
    waitP99Ms: 1800,
    waitMaxMs: 1800,
    waitedOverStartup: 0,
    instanceSeconds: 10,
    startsPlusStops: 1,
    coldStarts: 0,
  });
});

test('a request that finds nothing starts an instance at once', () => {
  const limits = { ...BASE.limits, minInstances: 0 };
  const result = simulateRequests({
    ...BASE,
    limits,
    arrivals: Float64Array.of(5500),
    policy: scripted(() => 0),
  });
  expect(result).toMatchObject({ requests: 1, coldStarts: 1, waitMaxMs: 2000, startsPlusStops: 2 });
  // Started at 5.5 s, ready at 7.5 s, done at 8.5 s; the policy has it drained at 8 s.
  expect(result.instanceSeconds).toBe(3);
});

test('an instance costs from its start, also while it starts, until its last request has ended', () => {
  const result = simulateRequests({
    ...BASE,
    arrivals: Float64Array.of(4100, 4200),
    // Two from 1 s on, ready at 3 s; one from 5 s on, when both are busy until 5.1 and 5.2 s.
    policy: scripted((nowMs) => (nowMs >= 1000 && nowMs < 5000 ? 2 : 1)),
  });
  expect(result.waitMaxMs).toBe(0);
  expect(result.instanceSeconds).toBeGreaterThanOrEqual(10 + 4.1);
  expect(result.instanceSeconds).toBeLessThanOrEqual(10 + 4.2);
  expect(result.startsPlusStops).toBe(3);
});

test('a policy that wants it is asked when a queue has stood for a while, and not for one that is over by then', () => {
  const run = (secondAt: number): number =>
    simulateRequests({
      ...BASE,
      arrivals: Float64Array.of(1100, secondAt),
      // Asked at 0 and after 100 s: only a look at the queue can start another one.
      policy: { ...scripted((nowMs) => (nowMs > 0 ? 2 : 1), 100_000), queueLookMs: 200 },
      service: { kind: 'constant', meanMs: 5000 },
    }).waitMaxMs;
  // From 1.2 s on a request waits; at 1.4 s it is seen, and two seconds later an instance is ready.
  expect(run(1200)).toBeCloseTo(2200, 6);
  // The request in service ends at 6.1 s: the queue of 6 s is over at 6.2 s.
  expect(run(6000)).toBeCloseTo(100, 6);
});

test('a draining instance is taken back before another one is started', () => {
  const result = simulateRequests({
    ...BASE,
    service: { kind: 'constant', meanMs: 5000 },
    arrivals: Float64Array.of(100, 200),
    initialInstances: 2,
    policy: scripted((nowMs) => (nowMs === 1000 ? 1 : 2)),
  });
  expect(result.startsPlusStops).toBe(2);
});

test('waits of a fixed number of instances are those of queueing theory (Erlang C)', () => {
  const rate = 8;
  const arrivals = arrivalTimes(patternTrace({ kind: 'constant', rate }, 50_000_000, 3), 3);
  const limits = { concurrencyLevel: 1, minInstances: 10, maxInstances: 10 };
  const service = { kind: 'exponential', meanMs: 1000 } as const;
  const result = simulateRequests({
    ...BASE,
    lengthMs: 50_000_000,
    limits,
    service,
    arrivals,
    policy: scripted(() => 10, 1e6),
  });
  // a = 8, c = 10: P(wait) = 0.409, mean wait = P / (c - a) service times.
  expect(result.waitMeanMs).toBeGreaterThan(190);
  expect(result.waitMeanMs).toBeLessThan(220);
  expect(result.utilization).toBeCloseTo(0.8, 1);
});

test('slots of one instance serve as well as instances of one slot when nothing changes', () => {
  const arrivals = arrivalTimes(patternTrace({ kind: 'sine', rate: 8, periodMs: 60_000 }, 600_000, 1), 1);
  const run = (concurrencyLevel: number, instances: number, routers: number): number =>
    simulateRequests({
      ...BASE,
      lengthMs: 600_000,
      arrivals,
      routers,
      limits: { concurrencyLevel, minInstances: instances, maxInstances: instances },
      policy: scripted(() => instances),
    }).waitMeanMs;
  expect(run(6, 1, 1)).toBeCloseTo(run(1, 6, 1), 6);
  // Slots are exact over all routers: they decide where a request goes, not whether it waits.
  expect(run(2, 3, 5)).toBeCloseTo(run(1, 6, 1), 6);
});

describe.each(POLICY_NAMES)('policy %s', (policy) => {
  const comparison = {
    service: { kind: 'lognormal', meanMs: 700, cv: 1 },
    startup: { kind: 'exponential', meanMs: 4000 },
    routers: 3,
    seed: 11,
    policies: [policy],
  } as const;

  test('the same seed gives the same figures', () => {
    const trace = patternTrace({ kind: 'spikes', rate: 10, periodMs: 120_000 }, 600_000, 1);
    const limits = { concurrencyLevel: 2, minInstances: 1, maxInstances: 50 };
    const run = (): unknown => comparePolicies({ ...comparison, trace, limits, samples: 50 });
    expect(run()).toEqual(run());
  });

  test('serves every request and stays within the limits, whatever comes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(30), { minLength: 1, maxLength: 60 }),
        fc.nat(2),
        fc.integer({ min: 1, max: 4 }),
        (counts, minInstances, more) => {
          const trace = { name: 't', stepMs: 2000, counts };
          const limits = { concurrencyLevel: 2, minInstances, maxInstances: minInstances + more };
          const [result] = comparePolicies({ ...comparison, trace, limits, samples: 20 });
          expect(result?.requests).toBe(counts.reduce((sum, count) => sum + count, 0));
          for (const { instances } of result?.timeline ?? []) {
            expect(instances).toBeGreaterThanOrEqual(Math.min(minInstances, 1) - 1e-9);
            // Those that drain are beyond the limit for as long as their requests take.
            expect(instances).toBeLessThanOrEqual(2 * limits.maxInstances + 1e-9);
          }
        },
      ),
      { numRuns: 20 },
    );
  });
});
