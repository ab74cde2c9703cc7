import { builtInSettings, type Instance } from '@waiter/core';
import type { ScheduledService } from '@waiter/scheduler';
import { noteFailures } from './failing-instances';
import { inherit } from './inherit';
import { rebuildService } from './record';
import { Service } from './service';
import { currentError } from './views';

const ID = 'waiter-service-x';
const instance = (id: string, more: Partial<Instance> = {}): Instance => ({
  id,
  serviceId: ID,
  host: '10.0.0.1',
  port: 31_000,
  extraPorts: [],
  startedAtMs: 1_000,
  healthy: false,
  flags: [],
  healthCheckStatus: null,
  exitCode: null,
  message: null,
  logDirectory: null,
  ...more,
});
const listed = (...active: Instance[]): ScheduledService => ({
  id: ID,
  requested: active.length,
  scheduled: active.length,
  active,
  failed: [],
  description: null,
  deploymentError: null,
});
const make = (): Service =>
  new Service(rebuildService(ID, { cmd: 'run', cpus: 1, mem: 64 }, builtInSettings('test'), 0), 0);
const OK = { healthy: true, status: 200, flags: [] } as const;
const NO = { healthy: false, status: 500, flags: ['has-connected', 'has-responded'] } as const;

test('a list that was asked for before an event does not undo it', () => {
  const service = make();
  service.noteActive(instance('new'), 20);
  service.observe(listed(), 10, 0);
  expect([...service.instances.keys()]).toEqual(['new']);
  service.noteEnded('new', null, 0);
  service.observe(listed(instance('new')), 15, 0);
  expect(service.instances.size).toBe(0);
});

test('a list that was asked for before our own change does not undo it', () => {
  const service = make();
  service.requested = 3;
  service.touchedAtMs = 20;
  service.observe(listed(instance('a')), 10, 0);
  expect(service.requested).toBe(3);
  service.observe(listed(instance('a')), 30, 0);
  expect(service.requested).toBe(1);
});

test('a list without check results does not undo what a probe found; a change to unhealthy does (3.5)', () => {
  const service = make();
  const tracked = service.noteActive(instance('a'), 1);
  tracked?.noteCheck(OK, 1);
  service.observe(listed(instance('a')), 10, 0);
  expect(tracked?.healthy).toBe(true);
  service.observe(listed(instance('a', { healthy: true })), 11, 0);
  service.observe(listed(instance('a')), 12, 0);
  expect(tracked?.healthy).toBe(false);
});

test('an instance that serves survives single failed checks', () => {
  const tracked = make().noteActive(instance('a'), 1);
  tracked?.noteCheck(OK, 3);
  tracked?.noteCheck(NO, 3);
  tracked?.noteCheck(NO, 3);
  expect(tracked?.healthy).toBe(true);
  tracked?.noteCheck(NO, 3);
  expect(tracked?.healthy).toBe(false);
});

test('case 32: one that vanishes after enough failed checks has never passed them; with fewer it is no failure', () => {
  const service = make();
  for (const [id, checks] of [
    ['many', 5],
    ['few', 4],
  ] as const) {
    const tracked = service.noteActive(instance(id), 1);
    for (let check = 0; check < checks; check++) tracked?.noteCheck(NO, 1);
    service.noteEnded(id, null, 0);
  }
  expect(service.departed.failed).toMatchObject([
    {
      id: 'many',
      flags: ['has-connected', 'has-responded', 'never-passed-health-checks'],
      healthCheckStatus: 500,
    },
  ]);
});

test('cases 32 and 41: what we killed is no failure, whatever the scheduler reports of its end', () => {
  const service = make();
  const tracked = service.noteActive(instance('a', { healthy: true }), 1);
  service.requested = 1;
  if (tracked !== null) service.noteKilled(tracked, 5, false);
  service.noteEnded('a', instance('a', { exitCode: 143 }), 0);
  service.observe({ ...listed(), failed: [instance('a', { exitCode: 143 })] }, 10, 0);
  expect(service.departed.failed).toEqual([]);
  expect(service.departed.killed).toMatchObject([{ id: 'a' }]);
  expect(service.requested).toBe(0);
});

test('failures of a former life, or from before it last served, are no deployment error', () => {
  const rules = { minFailedInstances: 2, minHosts: 1 };
  const service = make();
  const at = (wallMs: number) => ({ wallMs, monotonicMs: wallMs });
  const fail = (id: string, wallMs: number) => service.noteEnded(id, instance(id, { exitCode: 1 }), wallMs);
  fail('a', 10);
  fail('b', 11);
  expect(currentError(service, rules, at(12))?.key).toBe('bad-startup-command');
  service.noteActive(instance('c', { healthy: true }), 20);
  expect(currentError(service, rules, at(20))).toBeNull();
  fail('c', 30);
  expect(currentError(service, rules, at(30))).toBeNull();
  fail('d', 31);
  expect(currentError(service, rules, at(31))?.key).toBe('bad-startup-command');
  service.noteDeleted(40);
  service.observe({ ...listed(), failed: [instance('c'), instance('d')] }, 50, 50);
  expect(currentError(service, rules, at(50))).toBeNull();
});

test('a new leader leaves alone what the former one has killed, though the scheduler still lists it', () => {
  const service = make();
  service.observe(listed(instance('a', { healthy: true }), instance('b', { healthy: true })), 1, 0);
  const snapshot = {
    serviceId: ID,
    epoch: 1,
    version: 1,
    requested: 1,
    scheduled: 2,
    instances: [{ ...instance('a', { healthy: true }), draining: false }],
    failed: [],
    killed: [instance('b')],
    deploymentError: null,
  };
  inherit(service, snapshot, 2, 0);
  expect(service.instances.get('b')?.fate).toBe('killed');
  expect(service.healthyCount).toBe(1);
});

test('case 46: an instance counts as failing at the threshold, until a request succeeds there; unknown ones are not looked at', () => {
  const service = make();
  service.noteActive(instance('a'), 1);
  service.noteActive(instance('b'), 1);
  const heed = (failures: Readonly<Record<string, number>>): unknown => {
    const ejected = Object.entries(failures).map(([id, n]) => [id, { failures: n, untilMs: 0 }] as const);
    return noteFailures(service, new Map(ejected), 5)?.map(([{ id }, n]) => [id, n]) ?? null;
  };
  const failing = (): string[] =>
    [...service.instances.values()].filter((one) => one.keepsFailing).map(({ id }) => id);
  expect(heed({ a: 4, b: 1, gone: 9 })).toBeNull();
  expect(failing()).toEqual([]);
  expect(heed({ a: 5, b: 1 })).toEqual([['a', 5]]);
  expect(heed({ a: 6, b: 1 })).toBeNull();
  expect(failing()).toEqual(['a']);
  expect(heed({ b: 2 })).toEqual([]);
  expect(failing()).toEqual([]);
  heed({ a: 5, b: 7 });
  service.noteEnded('b', null, 2);
  expect(heed({ a: 5, b: 7 })).toBeNull();
  expect(failing()).toEqual(['a']);
});
