import type { KillCandidate } from './choose-kills';
import { decide } from './decide';
import type { DecisionInput } from './decision';
import { DEFAULT_SCALING } from './scaling-config';

const NOW = 1_000_000;

function instance(number: number, changes: Partial<KillCandidate> = {}): KillCandidate {
  return {
    id: `s.${number}`,
    serviceId: 's',
    startedAtMs: number * 1000,
    healthy: true,
    expired: false,
    starting: false,
    ejected: false,
    fate: 'open',
    inUse: 0,
    onlyLingering: false,
    ...changes,
  };
}
const several = (count: number, changes: Partial<KillCandidate> = {}): KillCandidate[] =>
  Array.from({ length: count }, (_, index) => instance(index + 1, changes));

/** A healthy service of `count` instances, evaluated a second ago with target `count`. */
function running(count: number, changes: Partial<DecisionInput> = {}): DecisionInput {
  return {
    config: DEFAULT_SCALING,
    loadBalancing: 'oldest',
    stale: false,
    resources: { cpus: 1, mem: 512 },
    demand: { inFlight: count, queued: 0 },
    scheduler: { requested: count, scheduled: count },
    instances: several(count),
    deploymentError: null,
    previous: { targetInstances: count, evaluatedAtMs: NOW - 1000 },
    lastKillAtMs: null,
    nowMs: NOW,
    ...changes,
  };
}
const config = (changes: Partial<typeof DEFAULT_SCALING>) => ({ ...DEFAULT_SCALING, ...changes });
const demand = (queued: number) => ({ inFlight: 0, queued });
const absent = { scheduler: null, instances: [], previous: null };

describe('a service that does not run', () => {
  test('nobody asks: nothing', () => {
    expect(decide(running(0, { ...absent, demand: demand(0) }))).toMatchObject({
      kind: 'none',
      targetInstances: 0,
    });
  });

  test('somebody asks: it is created with one instance', () => {
    const decision = decide(running(0, { ...absent, demand: demand(1) }));
    expect(decision).toMatchObject({ kind: 'create', instances: 1, targetInstances: 1, label: 'scale-up' });
    expect(decision.reason).toBe('1 queued+in flight and nothing runs: start 1');
  });

  test('with min-instances when that is more, unless it is stale', () => {
    const input = running(0, { ...absent, demand: demand(1), config: config({ minInstances: 3 }) });
    expect(decide(input)).toMatchObject({ kind: 'create', instances: 3 });
    expect(decide({ ...input, stale: true })).toMatchObject({ kind: 'create', instances: 1 });
  });

  test('with the ideal when asked to, bounded by max-instances and by the quanta', () => {
    const input = running(0, { ...absent, demand: demand(20) });
    expect(decide({ ...input, limits: { coldStart: 'ideal' } })).toMatchObject({ instances: 20 });
    const bounded = {
      ...input,
      config: config({ maxInstances: 5 }),
      limits: { coldStart: 'ideal' as const },
    };
    expect(decide(bounded)).toMatchObject({ instances: 5 });
    const quanta = { coldStart: 'ideal' as const, quanta: { cpus: 4, mem: 524288 } };
    expect(decide({ ...input, limits: quanta })).toMatchObject({ instances: 4, targetInstances: 20 });
  });

  test('one that was scaled to zero is started without waiting for the moving average', () => {
    const input = running(0, { config: config({ minInstances: 0 }), demand: demand(1) });
    expect(decide(input)).toMatchObject({ kind: 'scale-up', instances: 1 });
  });

  test('max-instances 0 is respected', () => {
    const input = running(0, { config: config({ minInstances: 0, maxInstances: 0 }), demand: demand(1) });
    expect(decide(input)).toMatchObject({ kind: 'none' });
  });
});

describe('evaluations that do not ask the formula', () => {
  test('case 17, 1.6: first pass: amount 0, the target is what is scheduled', () => {
    const input = running(3, {
      previous: null,
      demand: demand(90),
      scheduler: { requested: 4, scheduled: 3 },
    });
    expect(decide(input)).toMatchObject({
      kind: 'none',
      targetInstances: 3,
      scaleAmount: 0,
      label: 'stable',
    });
  });

  test('1.5 bad parameters stop the scaling of this service and keep its target', () => {
    const decision = decide(running(3, { config: config({ scaleFactor: 3 }), demand: demand(90) }));
    expect(decision).toMatchObject({ kind: 'none', targetInstances: 3 });
    expect(decision.reason).toContain('scale-factor');
  });
});

describe('1.6 pinned loop facts (10 s since the last pass, target 2, max 100)', () => {
  const input = (changes: Partial<DecisionInput>): DecisionInput =>
    running(2, {
      config: config({ maxInstances: 100 }),
      previous: { targetInstances: 2, evaluatedAtMs: NOW - 10_000 },
      ...changes,
    });

  test.each([2, 3])('an expired healthy instance (%d tasks)', (scheduled) => {
    const instances = [instance(1, { expired: true }), instance(2, { healthy: false })];
    expect(decide(input({ instances, scheduler: { requested: 2, scheduled } }))).toMatchObject({
      kind: 'scale-up',
      scaleAmount: 1,
      instances: 3,
      targetInstances: 2,
    });
  });

  test('outstanding grows', () => {
    const decision = decide(input({ demand: demand(4) }));
    expect(decision).toMatchObject({ kind: 'scale-up', scaleAmount: 2, instances: 4 });
    expect(decision.targetInstances).toBeGreaterThan(3.2);
    expect(decision.targetInstances).toBeLessThan(4);
  });

  test('min-instances 3', () => {
    const minimum = input({ config: config({ minInstances: 3 }), demand: demand(0) });
    expect(decide(minimum)).toMatchObject({ kind: 'scale-up', instances: 3, targetInstances: 3 });
  });

  test.each([
    ['min-instances 3 and stale', { config: config({ minInstances: 3 }), stale: true }],
    ['plain, no load', {}],
  ])('%s', (_name, changes) => {
    const decision = decide(input({ demand: demand(0), ...changes }));
    expect(decision).toMatchObject({ kind: 'none', scaleAmount: 0, scaleToInstances: 2 });
    expect(decision.targetInstances).toBeGreaterThan(1.98);
    expect(decision.targetInstances).toBeLessThan(2);
  });
});

describe('growing', () => {
  test('more demand: scale up to what the formula says, with its numbers as steps', () => {
    const decision = decide(running(1, { demand: { inFlight: 1, queued: 99 } }));
    expect(decision).toMatchObject({ kind: 'scale-up', instances: 11, scaleAmount: 10, label: 'scale-up' });
    expect(decision.steps).toMatchObject({ ideal: 100, allowed: 10, held: null });
    expect(decision.inputs).toMatchObject({ inFlight: 1, queued: 99, total: 1, tasks: 1, ticks: 1 });
    expect(decision.reason).toContain('start 10');
  });

  test('fractions of a second count: two evaluations in one tick are worth one', () => {
    const half = decide(
      running(1, { demand: demand(100), previous: { targetInstances: 1, evaluatedAtMs: NOW - 500 } }),
    );
    const whole = decide(
      running(1, {
        demand: demand(100),
        nowMs: NOW + 500,
        previous: { targetInstances: half.targetInstances, evaluatedAtMs: NOW },
      }),
    );
    expect(whole.targetInstances).toBeCloseTo(10.9, 9);
  });

  test('case 2, 1.8: nothing more while an earlier scale-up is not placed; the target goes on', () => {
    const decision = decide(running(2, { demand: demand(50), scheduler: { requested: 4, scheduled: 2 } }));
    expect(decision).toMatchObject({ kind: 'none', label: 'scale-up' });
    expect(decision.targetInstances).toBeGreaterThan(2);
    expect(decision.reason).toContain('2 requested before are not placed yet');
  });

  test('1.8 more tasks than requested still scales', () => {
    const decision = decide(running(2, { demand: demand(50), scheduler: { requested: 2, scheduled: 3 } }));
    expect(decision.kind).toBe('scale-up');
  });

  test('case 4, 1.8: one call asks for no more than the quanta', () => {
    const input = running(20, { demand: demand(120), resources: { cpus: 10, mem: 1 } });
    const decision = decide(input);
    expect(decision).toMatchObject({
      kind: 'scale-up',
      scaleAmount: 10,
      scaleToInstances: 30,
      instances: 26,
    });
    expect(decision.reason).toContain('6 at a time');
  });

  test('11.2.7 no growth while a deployment error is set', () => {
    const deploymentError = { key: 'bad-startup-command', message: 'Invalid startup command' };
    const decision = decide(running(1, { demand: demand(50), deploymentError }));
    expect(decision.kind).toBe('none');
    expect(decision.reason).toContain('Invalid startup command');
  });

  test('draining instances are taken back before new ones start, the one that would go last first', () => {
    const instances = [
      instance(1),
      instance(2, { fate: 'draining' }),
      instance(3, { fate: 'draining' }),
      instance(4, { fate: 'draining', expired: true }),
    ];
    const input = running(4, {
      instances,
      demand: demand(10),
      previous: { targetInstances: 1, evaluatedAtMs: NOW - 1000 },
    });
    expect(decide(input)).toMatchObject({ kind: 'reopen', instanceIds: ['s.2'], remaining: 0 });
    const more = decide({ ...input, demand: demand(60) });
    expect(more).toMatchObject({ kind: 'reopen', instanceIds: ['s.2', 's.3'], scaleAmount: 6, remaining: 4 });
  });

  test('draining instances that cannot serve stay in the count that the scheduler is told', () => {
    const instances = [instance(1), instance(2, { fate: 'draining', healthy: false })];
    const previous = { targetInstances: 1, evaluatedAtMs: NOW - 1000 };
    expect(decide(running(2, { instances, demand: demand(10), previous }))).toMatchObject({
      kind: 'scale-up',
      scaleToInstances: 2,
      instances: 3,
    });
  });

  test('the last instance drains and somebody comes: it is taken back at once', () => {
    const input = running(1, { instances: [instance(1, { fate: 'draining' })], demand: demand(1) });
    expect(decide(input)).toMatchObject({ kind: 'reopen', instanceIds: ['s.1'], remaining: 0 });
  });
});

describe('shrinking', () => {
  const surplus = (changes: Partial<DecisionInput> = {}): DecisionInput =>
    running(5, {
      demand: demand(0),
      previous: { targetInstances: 2, evaluatedAtMs: NOW - 1000 },
      ...changes,
    });

  test('case 5: one kill, with the candidates in the order of 1.12', () => {
    expect(decide(surplus())).toMatchObject({
      kind: 'kill',
      label: 'scale-down',
      scaleAmount: -3,
      candidates: ['s.5', 's.4', 's.3', 's.2', 's.1'],
      count: 1,
    });
  });

  test('as many at once as there are too many, where that is wanted', () => {
    const limits = { killsPerPass: 'surplus' as const };
    expect(decide(surplus({ limits }))).toMatchObject({ kind: 'kill', scaleAmount: -3, count: 3 });
    const busy = several(5).map((each, index) => (index < 4 ? { ...each, inUse: 1 } : each));
    expect(decide(surplus({ limits, instances: busy }))).toMatchObject({ kind: 'kill', count: 1 });
  });

  test('a random service gives up its oldest first (1.4)', () => {
    expect(decide(surplus({ loadBalancing: 'random' }))).toMatchObject({
      candidates: ['s.1', 's.2', 's.3', 's.4', 's.5'],
    });
  });

  test('case 9, 1.8: not before strictly more than the interval has passed', () => {
    expect(decide(surplus({ lastKillAtMs: NOW - 1000 })).kind).toBe('none');
    expect(decide(surplus({ lastKillAtMs: NOW - 1001 })).kind).toBe('kill');
    expect(decide(surplus({ lastKillAtMs: NOW - 30, limits: { interKillMs: 20 } })).kind).toBe('kill');
  });

  test('instances that drain or were killed already are not stopped twice', () => {
    const draining = several(5).map((each, index) =>
      index < 3 ? { ...each, fate: 'draining' as const } : each,
    );
    expect(decide(surplus({ instances: draining }))).toMatchObject({ kind: 'none', scaleAmount: 0 });
    // The kill of three has lowered the requested count; the tasks are still listed.
    const killed = several(5).map((each, index) => (index < 3 ? { ...each, fate: 'killed' as const } : each));
    const after = surplus({ instances: killed, scheduler: { requested: 2, scheduled: 5 } });
    expect(decide(after)).toMatchObject({ kind: 'none', scaleAmount: 0 });
  });

  test('busy instances are spared, or come last where drains make it safe', () => {
    const busy = several(5, { inUse: 1 });
    expect(decide(surplus({ instances: busy }))).toMatchObject({ kind: 'none', label: 'scale-down' });
    expect(decide(surplus({ instances: busy, limits: { killBusy: true } }))).toMatchObject({ kind: 'kill' });
  });

  test('case 11, 1.8: requested beyond what was placed: the count is lowered by force', () => {
    const previous = { targetInstances: 25, evaluatedAtMs: NOW - 1000 };
    const input = running(20, { demand: demand(25), scheduler: { requested: 30, scheduled: 20 }, previous });
    expect(decide(input)).toMatchObject({ kind: 'force-scale', scaleAmount: -5, instances: 25 });
  });

  test('case 12, 1.8: requested is too high but placed is right: nothing to do', () => {
    const previous = { targetInstances: 20, evaluatedAtMs: NOW - 1000 };
    const input = running(20, { demand: demand(20), scheduler: { requested: 30, scheduled: 20 }, previous });
    expect(decide(input)).toMatchObject({ kind: 'none', label: 'scale-down' });
  });

  test('1.8 amount -1, to 30, tasks 31: one kill', () => {
    const previous = { targetInstances: 30, evaluatedAtMs: NOW - 1000 };
    const input = running(31, { demand: demand(30), previous });
    expect(decide(input)).toMatchObject({ kind: 'kill', scaleAmount: -1, scaleToInstances: 30 });
  });
});

test('1.5 expired: all healthy ones, and at most two unhealthy ones', () => {
  const instances = several(11, { expired: true }).map((each, index) => ({ ...each, healthy: index < 7 }));
  expect(decide(running(11, { instances })).inputs).toMatchObject({ healthy: 7, expired: 9 });
});

describe('1.2.7 replacing expired instances goes at most one above max-instances', () => {
  const expired = (count: number, changes: Partial<DecisionInput> = {}): DecisionInput =>
    running(count, { instances: several(count, { expired: true }), demand: demand(100), ...changes });

  test('V52 needs no more than that', () => {
    expect(decide(expired(5, { config: config({ maxInstances: 5 }) }))).toMatchObject({
      kind: 'scale-up',
      instances: 6,
    });
  });

  test('V53 would double the service', () => {
    const decision = decide(
      expired(5, { config: config({ maxInstances: 5, expiredInstanceRestartRate: 1 }) }),
    );
    expect(decision).toMatchObject({ kind: 'scale-up', scaleAmount: 1, instances: 6, steps: { replace: 5 } });
    expect(decision.reason).toContain('no more than 6');
  });

  test('what is above it already shrinks, the expired ones first', () => {
    const settings = config({ maxInstances: 3, expiredInstanceRestartRate: 1 });
    const fresh = instance(9);
    const input = expired(5, { config: settings, scheduler: { requested: 6, scheduled: 6 } });
    const decision = decide({ ...input, instances: [...input.instances, fresh] });
    expect(decision).toMatchObject({ kind: 'kill', scaleToInstances: 3 });
    expect(decision).toMatchObject({ candidates: ['s.1', 's.2', 's.3', 's.4', 's.5'] });
  });

  test('below max-instances every expired one may be replaced at once', () => {
    const settings = config({ expiredInstanceRestartRate: 1 });
    const input = expired(5, { config: settings, demand: demand(5) });
    expect(decide(input)).toMatchObject({ kind: 'scale-up', scaleAmount: 5, instances: 10 });
  });
});

test('a clock that was set back counts as no time', () => {
  const decision = decide(running(1, { demand: demand(50), nowMs: NOW - 60_000 }));
  expect(decision).toMatchObject({ kind: 'none', targetInstances: 1 });
});

test('a decision is plain data: it survives JSON', () => {
  const decision = decide(running(1, { demand: demand(100) }));
  expect(JSON.parse(JSON.stringify(decision))).toEqual(decision);
});
