import { startRedis, waitFor, type RedisServer } from '@waiter/testkit';
import { NO_ERRAND, Store, type AsyncRequest, type LeaseMessage, type PublishedInstance } from '.';

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

/** A service with one instance of one slot, which the worker `r/1` holds. */
async function serviceWithSlotInUse(): Promise<{ serviceId: string; instanceId: string; version: number }> {
  const serviceId = `waiter-service-${(serial += 1)}`;
  const instanceId = `${serviceId}.i`;
  const instance: PublishedInstance = {
    id: instanceId,
    serviceId,
    host: '127.0.0.1',
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
  };
  await store.instances.publish(
    {
      serviceId,
      epoch: 1,
      requested: 1,
      scheduled: 1,
      instances: [instance],
      failed: [],
      killed: [],
      deploymentError: null,
    },
    { concurrencyLevel: 1, loadBalancing: 'oldest' },
  );
  const reply = await store.leases.exchange(wanting(serviceId, 'r/1', 1));
  expect(reply).toMatchObject({ status: 'ok', grants: [{ instanceId, slots: 1 }] });
  return { serviceId, instanceId, version: reply.version };
}

const wanting = (serviceId: string, workerId: string, want: number, version = 0) => ({
  ...NO_ERRAND,
  workerId,
  serviceId,
  version,
  ordinary: { count: want, firstRank: 1, step: 0 },
  fresh: want,
});

const request = (serviceId: string, instanceId: string, requestId = 'one'): AsyncRequest => ({
  requestId,
  serviceId,
  instanceId,
  host: '127.0.0.1',
  port: 1,
  protocol: 'http',
  location: '/status?x=1',
  cid: 'c',
  checkIntervalMs: 3_000,
  untilMs: 60_000,
});
const used = async (serviceId: string, instanceId: string): Promise<number> =>
  (await store.leases.usage(serviceId)).get(instanceId) ?? 0;

test('the slot passes from the worker to the request, outlives the worker, and is free when the request is over', async () => {
  const { serviceId, instanceId, version } = await serviceWithSlotInUse();
  const one = request(serviceId, instanceId);
  expect(await store.asyncRequests.accept(one, 'r/1', 5_000, 'r/1')).toBe(true);
  expect(await used(serviceId, instanceId)).toBe(1);
  // The worker holds nothing any more.
  const truth = await store.leases.exchange({ ...wanting(serviceId, 'r/1', 0, version), doubtful: true });
  expect(truth).toMatchObject({ status: 'resync', grants: [] });
  await store.leases.reap('r/1', serviceId);
  expect(await used(serviceId, instanceId)).toBe(1);

  const messages: LeaseMessage[] = [];
  const unsubscribe = await store.leases.subscribe('r/2', (message) => messages.push(message));
  expect(await store.leases.exchange(wanting(serviceId, 'r/2', 1))).toMatchObject({ grants: [] });
  expect(await store.asyncRequests.finish(serviceId, 'one')).toBe(true);
  await waitFor('the grant', () => messages.some(({ type }) => type === 'grant'));
  expect(await used(serviceId, instanceId)).toBe(1);
  expect(await store.asyncRequests.finish(serviceId, 'one')).toBe(false);
  expect(await used(serviceId, instanceId)).toBe(1);
  unsubscribe();
});

test('accepting is idempotent, and counts above capacity where Redis had lost the record', async () => {
  const { serviceId, instanceId } = await serviceWithSlotInUse();
  const one = request(serviceId, instanceId);
  expect(await store.asyncRequests.accept(one, 'r/1', 5_000, 'r/1')).toBe(true);
  expect(await store.asyncRequests.accept(one, 'r/1', 5_000, 'r/1')).toBe(false);
  expect(await used(serviceId, instanceId)).toBe(1);
  expect(await store.asyncRequests.accept(request(serviceId, instanceId, 'two'), 'r/1', 5_000, null)).toBe(
    false,
  );
  expect(await used(serviceId, instanceId)).toBe(2);
  for (const id of ['one', 'two']) await store.asyncRequests.finish(serviceId, id);
  expect(await store.leases.exchange(wanting(serviceId, 'r/3', 2))).toMatchObject({ grants: [{ slots: 1 }] });
});

test('one that is over before it was recorded is not recorded any more, and its slot goes to who waits', async () => {
  const { serviceId, instanceId } = await serviceWithSlotInUse();
  const one = request(serviceId, instanceId);
  const messages: LeaseMessage[] = [];
  const unsubscribe = await store.leases.subscribe('r/2', (message) => messages.push(message));
  expect(await store.leases.exchange(wanting(serviceId, 'r/2', 1))).toMatchObject({ grants: [] });
  expect(await store.asyncRequests.finish(serviceId, 'one')).toBe(false);
  expect(await store.asyncRequests.accept(one, 'r/1', 5_000, 'r/1')).toBe(true);
  await waitFor('the grant', () => messages.some(({ type }) => type === 'grant'));
  expect(await store.asyncRequests.countOf(serviceId)).toBe(0);
  expect((await store.asyncRequests.counts()).get(serviceId)).toBeUndefined();
  expect(await store.asyncRequests.hold(serviceId, 'one', 'r/1', 1_000, 'renew')).toEqual({ status: 'gone' });
  expect(await used(serviceId, instanceId)).toBe(1);
  // Nor is it stated anew after a restart of Redis.
  expect(await store.asyncRequests.accept(one, 'r/1', 5_000, null)).toBe(false);
  expect(await store.asyncRequests.countOf(serviceId)).toBe(0);
  unsubscribe();
});

test('a worker that stops looking after a request loses it to the first that asks', async () => {
  const { serviceId, instanceId } = await serviceWithSlotInUse();
  const { asyncRequests } = store;
  const one = request(serviceId, instanceId);
  await asyncRequests.accept(one, 'r/1', 60_000, 'r/1');
  expect((await asyncRequests.overdue(100)).filter(([id]) => id === serviceId)).toEqual([]);
  expect(await asyncRequests.hold(serviceId, 'one', 'r/2', 1_000, 'claim')).toMatchObject({
    status: 'taken',
  });
  await asyncRequests.hold(serviceId, 'one', 'r/1', 0, 'renew');
  await waitFor('it to be overdue', async () =>
    (await asyncRequests.overdue(100)).some(([id, requestId]) => id === serviceId && requestId === 'one'),
  );
  const claims = await Promise.all(
    ['r/2', 'r/3'].map((worker) => asyncRequests.hold(serviceId, 'one', worker, 60_000, 'claim')),
  );
  expect(claims.map(({ status }) => status).sort()).toEqual(['held', 'taken']);
  expect(claims.find(({ status }) => status === 'held')).toMatchObject({ request: one });
  expect(await asyncRequests.hold(serviceId, 'one', 'r/1', 60_000, 'renew')).toMatchObject({
    status: 'taken',
  });
  await asyncRequests.finish(serviceId, 'one');
  expect(await asyncRequests.hold(serviceId, 'one', 'r/1', 60_000, 'renew')).toEqual({ status: 'gone' });
});

test('async requests are demand, whatever becomes of their workers', async () => {
  const { serviceId, instanceId } = await serviceWithSlotInUse();
  await store.asyncRequests.accept(request(serviceId, instanceId), 'r/1', 60_000, 'r/1');
  expect((await store.load.demandOf(serviceId)).inFlight).toBe(1);
  expect((await store.load.demand()).get(serviceId)?.inFlight).toBe(1);
  await store.asyncRequests.finish(serviceId, 'one');
  expect((await store.load.demand()).get(serviceId)).toBeUndefined();
});
