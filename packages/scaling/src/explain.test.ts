import type { Json } from '@waiter/core';
import { decide } from './decide';
import type { DecisionInput } from './decision';
import { explainDecision } from './explain';
import { DEFAULT_SCALING } from './scaling-config';

const NOW = 1_000_000;

function input(changes: Partial<DecisionInput> = {}): DecisionInput {
  const instances = [1, 2].map((n) => ({
    id: `s.${n}`,
    serviceId: 's',
    startedAtMs: n,
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
    demand: { inFlight: 2, queued: 8 },
    scheduler: { requested: 2, scheduled: 2 },
    instances,
    deploymentError: null,
    previous: { targetInstances: 2, evaluatedAtMs: NOW - 1000 },
    lastKillAtMs: null,
    nowMs: NOW,
    ...changes,
  };
}
const told = (changes: Partial<DecisionInput> = {}, more: Record<string, Json> = {}) => {
  const record = JSON.parse(JSON.stringify({ ...decide(input(changes)), ...more })) as Json;
  return Object.fromEntries(explainDecision(record).map(({ what, text }) => [what, text]));
};

test('every step of the formula, what was asked and what came of it', () => {
  expect(told({}, { asked: 'scale to 3', outcome: 'scaled up to 3', tookMs: 12 })).toEqual({
    demand: '10 requests: 2 in flight, 8 queued',
    instances: '2 requested, 2 placed, 2 healthy',
    ideal: '10 requests x scale-factor 1 / concurrency-level 1 = 10 instances',
    target: 'from 2 to 2.8 in 1 s (scale-up-factor 0.1 per second)',
    difference: '2.8 - 2 = 0.8',
    wanted: 'start 1, to 3',
    asked: 'scale to 3',
    outcome: 'scaled up to 3 (12 ms after the decision)',
  });
});

test('bounds, thresholds and waits are named', () => {
  expect(told({ config: { ...DEFAULT_SCALING, maxInstances: 2 } }).target).toContain('max-instances 2');
  expect(told({ demand: { inFlight: 3, queued: 0 } }).difference).toContain('below jitter-threshold 0.5');
  const busy = { demand: { inFlight: 1, queued: 0 }, previous: { targetInstances: 4, evaluatedAtMs: NOW } };
  expect(told(busy).difference).toContain('as many as the demand calls for');
  expect(told({ scheduler: { requested: 2, scheduled: 1 } }).limits).toBe(
    '1 requested before are not placed yet',
  );
  expect(
    told({ limits: { quanta: { cpus: 1, mem: 1e9 } }, demand: { inFlight: 0, queued: 90 } }).limits,
  ).toBe('the quanta allow 1 at a time');
});

test('expired instances and the bound on their replacement', () => {
  const instances = input().instances.map((each) => ({ ...each, expired: true }));
  const config = { ...DEFAULT_SCALING, maxInstances: 2, expiredInstanceRestartRate: 1 };
  const { expired, limits } = told({ instances, config });
  expect(expired).toBe('2 of 2 to replace (expired-instance-restart-rate 1), 0 healthy too many');
  expect(limits).toBe('no more than 3 while expired ones are replaced (max-instances plus one)');
});

test('what is no decision has its outcome alone, and what is no record has nothing', () => {
  expect(explainDecision({ kind: 'killed', reason: 'stop of a', outcome: 'killed' })).toEqual([
    { what: 'outcome', text: 'killed' },
  ]);
  for (const odd of [null, 'x', [], 1]) expect(explainDecision(odd)).toEqual([]);
  expect(explainDecision({ steps: { odd: [1], panic: true }, inputs: 'x' })).toEqual([
    { what: 'step', text: 'odd: [1]' },
    { what: 'step', text: 'panic: true' },
  ]);
});

test('of a decision by a policy its word and its own numbers are told, not the formula', () => {
  const advice = { policy: 'kpa', instances: 5, steps: { stableMean: 3.14159 } };
  const lines = told({ advice });
  expect(lines).toMatchObject({ policy: 'kpa wants 5 instances', wanted: 'start 3, to 5' });
  expect(lines['step']).toBe('stable mean: 3.142');
  expect(lines).not.toHaveProperty('target');
});
