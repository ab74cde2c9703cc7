import { publishedInstances, startRedis, type RedisServer } from '@waiter/testkit';
import { Store } from './store';
import { ModelWorker } from './testing/model-worker';

/** Workers that were taken for dead, and live: nothing may be leased to them under the old id that nobody frees. */
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

async function service(): Promise<string> {
  const serviceId = `waiter-service-b${(serial += 1)}`;
  const states = ['open'] as const;
  await store.instances.publish(
    {
      serviceId,
      epoch: 1,
      requested: 1,
      scheduled: 1,
      instances: publishedInstances(serviceId, states),
      failed: [],
      killed: [],
      deploymentError: null,
    },
    { concurrencyLevel: 4, loadBalancing: 'oldest' },
  );
  return serviceId;
}

const nextWorker = (): string => `r${(serial += 1)}/1`;

/** Lets the heartbeat end now, and the reaper do its work. */
async function bury(id: string): Promise<void> {
  await store.connection.redis.zadd(store.connection.keys.workers(), 1, id);
  await store.members.reap();
  expect(await store.members.workers()).not.toContain(id);
}

test('an exchange that was under way while its worker was buried gets nothing', async () => {
  const id = nextWorker();
  const of = await service();
  await store.members.heartbeat(id, true);
  await store.leases.join(id, of);
  const worker = new ModelWorker(id, of, store.leases);
  worker.arrive(1);
  await worker.exchange();
  expect(worker.served).toEqual([1]);
  await bury(id);
  worker.arrive(2);
  expect((await worker.exchange()).status).toBe('buried');
  expect(await store.leases.reassert(id, of, 0, [[`${of}.i0`, 1]])).toBeNull();
  expect(await store.leases.usage(of)).toEqual(new Map());
});

test('nor does one whose worker had joined the service and asked for nothing yet', async () => {
  const id = nextWorker();
  const of = await service();
  await store.members.heartbeat(id, true);
  await store.leases.join(id, of);
  await bury(id);
  const worker = new ModelWorker(id, of, store.leases);
  worker.arrive(1);
  expect((await worker.exchange()).status).toBe('buried');
  expect(await store.leases.usage(of)).toEqual(new Map());
});

test('a buried worker enters no further service', async () => {
  const id = nextWorker();
  await store.members.heartbeat(id, true);
  await bury(id);
  expect(await store.leases.join(id, await service())).toBe(false);
  expect(await store.connection.redis.exists(store.connection.keys.workerServices(id))).toBe(0);
});

test('a worker that left by itself may come back under its id', async () => {
  const id = nextWorker();
  const of = await service();
  await store.members.heartbeat(id, true);
  await store.leases.join(id, of);
  const first = new ModelWorker(id, of, store.leases);
  first.arrive(1);
  await first.exchange();
  await store.members.leave(id);
  expect(await store.leases.usage(of)).toEqual(new Map());
  await store.members.heartbeat(id, true);
  expect(await store.leases.join(id, of)).toBe(true);
  const second = new ModelWorker(id, of, store.leases);
  second.arrive(2);
  await second.exchange();
  expect(second.served).toEqual([2]);
});
