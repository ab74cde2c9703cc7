import { ManualClock, type InstanceId } from '@waiter/core';
import type { InstanceSnapshot } from '@waiter/store';
import { routerStops } from './refusals';
import { DEFAULT_RULES } from './rules';
import { ServicePool } from './service-pool';

const make = () =>
  new ServicePool(
    { serviceId: 's', concurrencyLevel: 1, loadBalancing: 'oldest', maxQueueLength: 10 },
    {
      clock: new ManualClock(),
      rules: DEFAULT_RULES,
      trust: () => 'yes',
      workers: () => 1,
      wantsExchange: () => undefined,
      waiting: () => undefined,
      entrust: () => undefined,
      revoke: () => undefined,
      failing: () => undefined,
    },
  );

const snapshot = (
  version: number,
  ids: readonly InstanceId[],
  error: string | null = null,
): InstanceSnapshot => ({
  serviceId: 's',
  epoch: 1,
  version,
  requested: 1,
  scheduled: 1,
  instances: ids.map((id) => ({
    id,
    serviceId: 's',
    host: 'h',
    port: 1,
    extraPorts: [],
    startedAtMs: 1,
    healthy: true,
    flags: [],
    healthCheckStatus: null,
    exitCode: null,
    message: null,
    logDirectory: null,
    draining: false,
  })),
  failed: [],
  killed: [],
  deploymentError: error === null ? null : { key: 'bad-startup-command', message: error },
});
const notice = (
  version: number,
  closed: readonly InstanceId[] = [],
  healthy = 0,
  error: string | null = null,
) => ({
  version,
  closed,
  healthy,
  deploymentError: error,
});
const open = (pool: ServicePool): InstanceId[] =>
  pool.holdings.all.filter((each) => each.open).map(({ id }) => id);

/** What becomes of a request that has to wait; 'waits' if nothing does. */
async function fate(pool: ServicePool, act: () => void): Promise<string> {
  const request = pool.reserve({ queueTimeoutMs: 60_000, arrivedAtMs: 0, onAbort: () => undefined });
  let outcome = 'waits';
  const done = request.then(
    () => (outcome = 'served'),
    (error: Error) => (outcome = error.message),
  );
  act();
  await new Promise((resolve) => setImmediate(resolve));
  const known = outcome;
  pool.refuse(routerStops);
  await done;
  return known;
}

test('a snapshot that was read before the latest notice changes nothing', async () => {
  const pool = make();
  pool.notice(notice(5, ['a'], 1));
  expect(await fate(pool, () => pool.learn(snapshot(4, ['a'], 'old news')))).toBe('waits');
  expect(open(pool)).toEqual([]);
  pool.learn(snapshot(5, ['b']));
  expect(open(pool)).toEqual(['b']);
});

test('a notice that comes after the snapshot it announces, or a later one, changes nothing', async () => {
  const pool = make();
  pool.learn(snapshot(5, ['a']));
  expect(await fate(pool, () => pool.notice(notice(4, ['a'], 0, 'old news')))).toBe('waits');
  expect(open(pool)).toEqual(['a']);
});

test('a notice is heeded before the snapshot is read', async () => {
  const pool = make();
  pool.learn(snapshot(5, ['a']));
  expect(await fate(pool, () => pool.notice(notice(6, ['a'], 0, 'news')))).toContain('news');
  expect(open(pool)).toEqual([]);
});

test('when Redis lost the versions, what is told next counts', () => {
  const pool = make();
  pool.notice(notice(9));
  pool.learn(snapshot(9, ['a']));
  pool.notice(notice(1));
  pool.learn(snapshot(1, ['b']));
  expect(open(pool)).toEqual(['b']);
  // Gone back a little only, which shows in nothing but the reconnect.
  pool.notice(notice(2));
  pool.doubt();
  pool.learn(snapshot(1, ['c']));
  expect(open(pool)).toEqual(['c']);
});
