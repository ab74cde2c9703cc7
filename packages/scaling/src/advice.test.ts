import { adviceDue, askPolicy } from './advice';
import { decide } from './decide';
import type { DecisionInput } from './decision';
import { knative, originalProduction } from './policies';
import { DEFAULT_SCALING } from './scaling-config';

const SEEN = {
  nowMs: 100_000,
  elapsedMs: 2000,
  inFlight: 7,
  queued: 0,
  meanDemand: 7,
  arrivals: 10,
  total: 7,
  ready: 7,
  startupMs: 1000,
  serviceMs: 1000,
};
const LIMITS = { concurrencyLevel: 1, minInstances: 1, maxInstances: 500 };
const advice = (instances: number) => ({ policy: 'kpa', instances, steps: { desired: instances } });

function running(count: number, changes: Partial<DecisionInput> = {}): DecisionInput {
  const instances = Array.from({ length: count }, (_, index) => ({
    id: `s.${index}`,
    serviceId: 's',
    startedAtMs: index,
    healthy: true,
    expired: false,
    starting: false,
    ejected: false,
    fate: 'open' as const,
    inUse: 0,
    onlyLingering: false,
  }));
  return {
    config: DEFAULT_SCALING,
    loadBalancing: 'oldest',
    stale: false,
    resources: { cpus: 1, mem: 512 },
    demand: { inFlight: count, queued: 0 },
    scheduler: { requested: count, scheduled: count },
    instances,
    deploymentError: null,
    previous: { targetInstances: count, evaluatedAtMs: 99_000 },
    lastKillAtMs: null,
    nowMs: 100_000,
    limits: { killBusy: true, killsPerPass: 'surplus', interKillMs: 0 },
    ...changes,
  };
}

test('a policy is asked at its interval, and at once when it never was', () => {
  expect(adviceDue(knative, null, 0)).toBe(true);
  const state = askPolicy(knative, LIMITS, SEEN, null);
  expect(adviceDue(knative, state, 101_000)).toBe(false);
  expect(adviceDue(knative, state, 101_900)).toBe(true);
});

test('a memory that another policy left behind is not shown to it', () => {
  const before = askPolicy(originalProduction, LIMITS, SEEN, null);
  expect(askPolicy(knative, LIMITS, SEEN, before)).toEqual(askPolicy(knative, LIMITS, SEEN, null));
});

test('advice takes the place of the formula, with its own numbers in the record', () => {
  const decision = decide(running(7, { advice: advice(10) }));
  expect(decision).toMatchObject({ kind: 'scale-up', instances: 10, targetInstances: 10, scaleAmount: 3 });
  expect(decision.steps).toMatchObject({ policy: 'kpa', desired: 10 });
  expect(decision.steps).not.toHaveProperty('smoothedUp');
  expect(decision.reason).toBe('7 queued+in flight, kpa wants 10, 7 running: start 3');
});

test('advice to shrink stops all that is too much at once', () => {
  const decision = decide(running(7, { advice: advice(3), demand: { inFlight: 1, queued: 0 } }));
  expect(decision).toMatchObject({ kind: 'kill', count: 4 });
});

test('advice outside of limits that have changed since is bounded', () => {
  const config = { ...DEFAULT_SCALING, maxInstances: 8 };
  expect(decide(running(7, { config, advice: advice(20) }))).toMatchObject({ instances: 8 });
});

test('expired instances are replaced on top of advice, as on top of the formula', () => {
  const one = running(4, { advice: advice(4) });
  const instances = one.instances.map((each, index) => (index === 0 ? { ...each, expired: true } : each));
  expect(decide({ ...one, instances })).toMatchObject({ kind: 'scale-up', instances: 5 });
  // The replacement runs: the surplus goes.
  const more = running(5, { advice: advice(4) });
  const replaced = more.instances.map((each, index) => (index === 0 ? { ...each, expired: true } : each));
  expect(decide({ ...more, instances: replaced }).kind).toBe('kill');
});

test('a service that does not run starts as ever, whatever the policy says', () => {
  const asleep = { scheduler: null, instances: [], previous: null, demand: { inFlight: 0, queued: 1 } };
  expect(decide(running(0, { ...asleep, advice: advice(0) }))).toMatchObject({
    kind: 'create',
    instances: 1,
  });
});
