import type { Instance } from '@waiter/core';
import { Departed } from './departed';
import { TrackedInstance } from './instance';

const instance = (id: string, more: Partial<Instance> = {}): Instance => ({
  id,
  serviceId: 's',
  host: 'h',
  port: 1,
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
const ids = (instances: readonly Instance[]): string[] => instances.map(({ id }) => id);

test('case 37: ten failed instances are kept, and the oldest goes', () => {
  const departed = new Departed();
  for (let n = 0; n < 12; n++) departed.fail(instance(`f${n}`), n);
  expect(ids(departed.failed)).toEqual(Array.from({ length: 10 }, (_, n) => `f${n + 2}`));
});

test('case 41: an instance that Waiter killed leaves the failed ones; killing it again adds nothing', () => {
  const departed = new Departed();
  departed.fail(instance('a'), 1);
  departed.fail(instance('b'), 2);
  for (const id of ['a', 'c', 'a']) departed.kill(instance(id));
  expect(ids(departed.failed)).toEqual(['b']);
  expect(ids(departed.killed)).toEqual(['a', 'c']);
  departed.fail(instance('a'), 3);
  expect(ids(departed.failed)).toEqual(['b']);
  for (let n = 0; n < 20; n++) departed.kill(instance(`k${n}`));
  expect(departed.killed).toHaveLength(12);
});

test('case 42: expired by age only where instance-expiry-mins says so; by its flag always', () => {
  const old = new TrackedInstance(instance('old'), 0);
  expect([0, 500, 999, 1_000].map((expiryMs) => old.isExpired(expiryMs, 2_000))).toEqual([
    false,
    true,
    true,
    false,
  ]);
  expect(new TrackedInstance(instance('staged', { startedAtMs: null }), 0).isExpired(1, 1e9)).toBe(false);
  expect(new TrackedInstance(instance('told', { flags: ['expired'] }), 0).isExpired(0, 0)).toBe(true);
});

test('one that an operator expired stays for 5 s, and then is not protected', () => {
  const told = new TrackedInstance(instance('told'), 0);
  expect([told.isExpired(0, 1_000), told.isKept(1_000)]).toEqual([false, false]);
  told.expire(1_000);
  expect([told.isExpired(0, 1_000), told.isKept(1_000), told.isKept(5_999)]).toEqual([true, true, true]);
  expect(told.isKept(6_000)).toBe(false);
});
