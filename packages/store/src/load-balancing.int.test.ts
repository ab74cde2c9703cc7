import type { LoadBalancing } from '@waiter/core';
import {
  publishedInstances,
  startRedis,
  type InstanceState,
  type PublishedInstanceOptions,
  type RedisServer,
} from '@waiter/testkit';
import { Store } from './store';
import { ModelWorker } from './testing/model-worker';

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

const nextService = (): string => `waiter-service-l${(serial += 1)}`;

async function publish(
  serviceId: string,
  states: readonly InstanceState[],
  loadBalancing: LoadBalancing,
  concurrencyLevel: number,
  options: PublishedInstanceOptions = {},
): Promise<void> {
  await store.instances.publish(
    {
      serviceId,
      epoch: 1,
      requested: states.length,
      scheduled: states.length,
      instances: publishedInstances(serviceId, states, options),
      failed: [],
      killed: [],
      deploymentError: null,
    },
    { concurrencyLevel, loadBalancing },
  );
}

/** Leases slots to several workers by turns, one at a time; the numbers of the instances in that order. */
async function leased(serviceId: string, slots: number, workers = 3): Promise<number[]> {
  const all = Array.from(
    { length: workers },
    (_, n) => new ModelWorker(`${serviceId}/w${n}`, serviceId, store.leases),
  );
  const order: number[] = [];
  for (let i = 0; i < slots; i += 1) {
    const worker = all[i % workers] as ModelWorker;
    const before = new Map(worker.held);
    worker.arrive(i);
    await worker.exchange();
    for (const [id, n] of worker.held) {
      if (n > (before.get(id) ?? 0)) order.push(Number(id.split('.i')[1]));
    }
  }
  return order;
}

test.each([
  ['oldest', [0, 0, 1, 1, 2, 2]],
  ['youngest', [2, 2, 1, 1, 0, 0]],
] as const)(
  'request-path case 63: %s fills one instance after the other, over all workers',
  async (policy, order) => {
    const id = nextService();
    await publish(id, ['open', 'open', 'open'], policy, 2);
    expect(await leased(id, 6)).toEqual(order);
  },
);

test('request-path case 63: random uses every instance, each for its part', async () => {
  const id = nextService();
  await publish(id, ['open', 'open', 'open', 'open'], 'random', 300);
  const order = await leased(id, 400);
  const counts = [0, 1, 2, 3].map((n) => order.filter((one) => one === n).length);
  // The less leased of two that are drawn: much more even than chance alone, which would spread by 9 each way.
  for (const count of counts) expect(Math.abs(count - 100)).toBeLessThanOrEqual(8);
  // And not in turns: what comes next cannot be told.
  const pairs = new Set(order.slice(1).map((n, i) => `${order[i]}${n}`));
  expect(pairs.size).toBeGreaterThan(10);
});

test('random in one exchange spreads as well', async () => {
  const id = nextService();
  await publish(id, ['open', 'open'], 'random', 100);
  const worker = new ModelWorker(`${id}/w`, id, store.leases);
  for (let i = 0; i < 60; i += 1) worker.arrive(i);
  await worker.exchange();
  expect([...worker.held.values()].every((n) => n >= 25)).toBe(true);
});

test.each(['oldest', 'youngest'] as const)(
  '%s with instances of one age: the least used is next',
  async (policy) => {
    const id = nextService();
    await publish(id, ['open', 'open', 'open'], policy, 10, { sameStart: true });
    const order = await leased(id, 9);
    for (const n of [0, 1, 2]) expect(order.filter((one) => one === n)).toHaveLength(3);
    for (let i = 0; i < 9; i += 3) expect(new Set(order.slice(i, i + 3)).size).toBe(3);
  },
);

test.each([
  ['oldest', [1, 3, 2, 0]],
  ['youngest', [3, 1, 2, 0]],
] as const)('%s: expired instances come last, the youngest of them first', async (policy, order) => {
  const id = nextService();
  await publish(id, ['expired', 'open', 'expired', 'open'], policy, 1);
  expect(await leased(id, 4)).toEqual(order);
});

test('random: expired instances come last', async () => {
  const id = nextService();
  await publish(id, ['expired', 'open', 'expired', 'open'], 'random', 2);
  const order = await leased(id, 8);
  expect(new Set(order.slice(0, 4))).toEqual(new Set([1, 3]));
  expect(new Set(order.slice(4))).toEqual(new Set([0, 2]));
});

test('another policy holds from its publication on', async () => {
  const id = nextService();
  await publish(id, ['open', 'open'], 'oldest', 5);
  expect(await leased(id, 2)).toEqual([0, 0]);
  await publish(id, ['open', 'open'], 'youngest', 5);
  const later = new ModelWorker(`${id}/later`, id, store.leases);
  later.arrive(1);
  await later.exchange();
  expect([...later.held.keys()]).toEqual([`${id}.i1`]);
  expect((await store.instances.get(id))?.loadBalancing).toBe('youngest');
});
