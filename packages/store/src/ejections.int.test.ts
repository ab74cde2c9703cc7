import { publishedInstances, sleep, startRedis, waitFor, type RedisServer } from '@waiter/testkit';
import { ejectionMs, type EjectionRules } from './ejections';
import { Store } from './store';
import { LeaseWorld } from './testing/lease-world';
import type { ModelWorker } from './testing/model-worker';
import { type ModelOptions } from './testing/model-worker';

let redis: RedisServer;
let store: Store;
let serial = 0;

beforeAll(async () => {
  redis = await startRedis();
  store = await Store.open({ url: redis.url, cluster: 'test' });
});
afterAll(async () => {
  await store.close();
  await redis.stop();
});

const RULES: EjectionRules = { baseMs: 60_000, maxMs: 600_000 };

async function world(capacity: number, workers: number, options: ModelOptions = {}): Promise<LeaseWorld> {
  const id = `waiter-service-e${(serial += 1)}`;
  const made = new LeaseWorld(store.connection, id, {
    capacity,
    workers,
    extra: 0,
    ejection: RULES,
    makeInstances: publishedInstances,
    ...options,
  });
  await made.begin(['open', 'open']);
  return made;
}

const failuresOf = async (of: LeaseWorld, n = 0): Promise<number | undefined> =>
  (await store.ejections.of(of.serviceId)).get(of.id(n))?.failures;

test('an ejected instance gives no leases, and idle ones of all workers go back; what runs goes on', async () => {
  const of = await world(3, 2);
  await of.play({ kind: 'arrive', worker: 0, n: 1 });
  await of.play({ kind: 'arrive', worker: 1, n: 0 });
  await of.play({ kind: 'fail', worker: 0, n: 0 });
  expect((await store.ejections.of(of.serviceId)).get(of.id(0))).toMatchObject({ failures: 1 });
  // Worker 1 had its own request there: it runs, and the next one goes elsewhere.
  expect((await of.usage()).get(of.id(0))).toBe(2);
  await of.play({ kind: 'arrive', worker: 1, n: 1 });
  await of.play({ kind: 'arrive', worker: 0, n: 0 });
  expect((await of.usage()).get(of.id(1))).toBe(3);
  await of.play({ kind: 'arrive', worker: 0, n: 0 });
  expect(of.queued()).toBe(1);
  of.end();
});

test('one slot is the probe; its success lets the instance in again, and the rest gets what it gives', async () => {
  const of = await world(2, 2);
  await of.play({ kind: 'publish', states: ['open'] });
  await of.play({ kind: 'arrive', worker: 0, n: 0 });
  await of.play({ kind: 'fail', worker: 0, n: 0 });
  await of.play({ kind: 'arrive', worker: 0, n: 1 });
  await of.play({ kind: 'arrive', worker: 1, n: 1 });
  expect(of.queued()).toBe(4);
  await of.play({ kind: 'due' });
  expect(of.queued()).toBe(3);
  expect((await of.usage()).get(of.id(0))).toBe(1);
  await of.play({ kind: 'finish', worker: 0, n: 0 });
  expect(await failuresOf(of)).toBeUndefined();
  expect(of.queued()).toBe(1);
  expect((await of.usage()).get(of.id(0))).toBe(2);
  of.end();
});

test('the failure of the probe doubles the time, again and again; a success of an old request changes nothing', async () => {
  const of = await world(2, 1);
  await of.play({ kind: 'publish', states: ['open'] });
  await of.play({ kind: 'arrive', worker: 0, n: 1 });
  await of.play({ kind: 'fail', worker: 0, n: 0 });
  // The other one began before.
  await of.play({ kind: 'finish', worker: 0, n: 0 });
  for (let failures = 1; failures <= 6; failures += 1) {
    const found = (await store.ejections.of(of.serviceId)).get(of.id(0));
    expect(found?.failures).toBe(failures);
    const lasts = (found?.untilMs ?? 0) - Date.now();
    expect(lasts).toBeLessThanOrEqual(ejectionMs(failures, RULES));
    expect(lasts).toBeGreaterThan(ejectionMs(failures, RULES) - 10_000);
    await of.play({ kind: 'arrive', worker: 0, n: 0 });
    await of.play({ kind: 'due' });
    expect(of.queued()).toBe(0);
    await of.play({ kind: 'fail', worker: 0, n: 0 });
  }
  of.end();
});

test('requests that fail together count once', async () => {
  const of = await world(9, 3);
  await of.play({ kind: 'publish', states: ['open'] });
  for (const worker of [0, 1, 2]) await of.play({ kind: 'arrive', worker, n: 2 });
  for (const worker of of.workers) for (let i = 0; i < 3; i += 1) worker.fail(0);
  await Promise.all(of.workers.map((worker) => worker.exchange()));
  expect(await failuresOf(of)).toBe(1);
  of.end();
});

test('a probe that nobody uses, or whose worker dies, is another one’s turn at once', async () => {
  const of = await world(1, 2);
  await of.play({ kind: 'publish', states: ['open'] });
  await of.play({ kind: 'arrive', worker: 0, n: 0 });
  await of.play({ kind: 'fail', worker: 0, n: 0 });
  await of.play({ kind: 'arrive', worker: 0, n: 0 });
  await of.play({ kind: 'due' });
  await of.play({ kind: 'arrive', worker: 1, n: 0 });
  expect(of.queued()).toBe(1);
  await of.play({ kind: 'die', worker: 0, n: 0 });
  expect(of.queued()).toBe(0);
  await of.play({ kind: 'finish', worker: 1, n: 0 });
  expect(await failuresOf(of)).toBeUndefined();
  of.end();
});

test('the time passes by the clock of Redis', async () => {
  const of = await world(1, 1, { ejection: { baseMs: 150, maxMs: 1_000 } });
  await of.play({ kind: 'publish', states: ['open'] });
  await of.play({ kind: 'arrive', worker: 0, n: 0 });
  await of.play({ kind: 'fail', worker: 0, n: 0 });
  const failedAt = Date.now();
  await of.play({ kind: 'arrive', worker: 0, n: 0 });
  const [worker] = of.workers;
  await waitFor('the probe', async () => {
    await worker?.exchange();
    await sleep(10);
    return worker?.queue.length === 0;
  });
  expect(Date.now() - failedAt).toBeGreaterThanOrEqual(145);
  of.end();
});

test('a vanished instance takes its ejection along', async () => {
  const of = await world(1, 1);
  await of.play({ kind: 'arrive', worker: 0, n: 0 });
  await of.play({ kind: 'fail', worker: 0, n: 0 });
  await of.play({ kind: 'publish', states: ['gone', 'open'] });
  expect(await store.ejections.of(of.serviceId)).toEqual(new Map());
  expect([...(of.workers[0]?.ejected.keys() ?? [])]).toEqual([]);
  // What fails there now is no news.
  of.workers[0]?.reports.push([of.id(0), 'failed']);
  await of.workers[0]?.exchange();
  expect(await store.ejections.of(of.serviceId)).toEqual(new Map());
  of.end();
});

test('a message that comes after a later reply changes nothing', async () => {
  const of = await world(1, 2);
  const [first, second] = of.workers as [ModelWorker, ModelWorker];
  await of.play({ kind: 'arrive', worker: 0, n: 0 });
  await of.play({ kind: 'arrive', worker: 1, n: 0 });
  first.fail(0);
  await first.exchange();
  await waitFor('the message', () => second.inbox.some(({ type }) => type === 'ejections'));
  const late = second.inbox.splice(0);
  await store.connection.redis.del(store.connection.keys.ejections(of.serviceId));
  // Another one since, of the other instance.
  second.fail(0);
  await second.exchange();
  second.inbox.unshift(...late);
  second.digest();
  expect([...second.ejected.keys()]).toEqual([of.id(1)]);
  of.end();
});
