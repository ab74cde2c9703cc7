import type { InstanceSnapshot } from '@waiter/store';
import { ServiceHealth } from './service-health';

type Read = (id: string) => Promise<InstanceSnapshot | null>;
const snapshot = (
  version: number,
  ...instances: { healthy: boolean; draining: boolean }[]
): InstanceSnapshot => ({ version, instances }) as unknown as InstanceSnapshot;
const OPEN = { healthy: true, draining: false };

let asked: string[];
let answer: Read;
let health: ServiceHealth;
beforeEach(() => {
  asked = [];
  answer = async () => null;
  health = new ServiceHealth((id) => {
    asked.push(id);
    return answer(id);
  }, 10);
});

test.each([
  ['no snapshot', null, false],
  ['an open instance', snapshot(1, { healthy: false, draining: false }, OPEN), true],
  ['only draining ones', snapshot(1, { healthy: true, draining: true }), false],
  ['none', snapshot(1), false],
])('%s', async (_name, found, expected) => {
  answer = async () => found;
  expect(health.known('s')).toBeUndefined();
  await Promise.all([health.load('s'), health.load('s')]);
  expect([health.known('s'), asked.length]).toEqual([expected, 1]);
});

test('notices keep it true, older news do not, and nothing is kept of services nobody asked about', async () => {
  answer = async () => snapshot(5, OPEN);
  await health.load('s');
  health.notice('s', 6, 0);
  expect(health.known('s')).toBe(false);
  health.notice('s', 4, 1);
  expect(health.known('s')).toBe(false);
  health.notice('other', 1, 1);
  expect(health.known('other')).toBeUndefined();
});

test('a notice that overtakes the answer counts', async () => {
  let reply = (_found: InstanceSnapshot): void => undefined;
  answer = () => new Promise((resolve) => (reply = resolve));
  const loading = health.load('s');
  health.notice('s', 2, 1);
  reply(snapshot(1));
  await loading;
  expect(health.known('s')).toBe(true);
});

test('invariant 6: after an interruption it asks again; while Redis is away the last news are presumed', async () => {
  answer = async () => snapshot(9, OPEN);
  await health.load('s');
  health.dropAll();
  expect([health.known('s'), health.presumed('s')]).toEqual([undefined, true]);
  answer = () => Promise.reject(new Error('away'));
  await health.load('s');
  expect([health.known('s'), health.presumed('s')]).toEqual([undefined, true]);
  // Redis may have lost its latest writes: versions start again.
  answer = async () => snapshot(1);
  await health.load('s');
  expect(health.known('s')).toBe(false);
});
