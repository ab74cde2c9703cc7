import type { ServiceId } from '@waiter/core';
import { startKitchen, type RunningKitchen } from '@waiter/kitchen';
import { Store } from '@waiter/store';
import { freePort, publishedInstances, startRedis, waitFor, type RedisServer } from '@waiter/testkit';
import { routerOptions } from './options';
import { DEFAULT_RULES } from './reserve';
import { call } from './testing/call';
import { ON_THE_FLY } from './testing/router-under-test';
import { startRouterWorker, type RouterWorker } from './worker';

/** What becomes of a request that is chosen to find out whether an ejected instance serves again (request-path 3.8). */
let redis: RedisServer;
let store: Store;
let kitchen: RunningKitchen;

beforeAll(async () => {
  redis = await startRedis();
  store = await Store.open({ url: redis.url, cluster: 'test' });
  kitchen = await startKitchen({ env: {} });
});
afterAll(async () => {
  await kitchen.close();
  await store.close();
  await redis.stop();
});

let epoch = 0;
async function publish(serviceId: ServiceId, ports: readonly number[]): Promise<void> {
  const instances = publishedInstances(
    serviceId,
    ports.map(() => 'open'),
  ).map((one, i) => ({ ...one, port: ports[i] ?? 0 }));
  const counts = { requested: ports.length, scheduled: ports.length };
  await store.instances.publish(
    { serviceId, epoch: (epoch += 1), ...counts, instances, failed: [], killed: [], deploymentError: null },
    { concurrencyLevel: 1, loadBalancing: 'oldest' },
  );
}

describe.each([true, false])('http1 lane: %s', (http1) => {
  let worker: RouterWorker;
  beforeAll(async () => {
    worker = await startRouterWorker(
      routerOptions({
        host: '127.0.0.1',
        port: 0,
        routerId: `probes-${String(http1)}`,
        redis: { url: redis.url, cluster: 'test' },
        reservation: { ...DEFAULT_RULES, ejection: { baseMs: 100, maxMs: 1_000 } },
        user: 'alice',
        lanes: { http1 },
      }),
    );
  });
  afterAll(() => worker.close());

  test.each(['GET', 'POST'])('%s: it waits on when it cannot even connect', async (method) => {
    const known = new Set(await store.services.ids());
    const headers = { ...ON_THE_FLY, 'x-waiter-name': `probes-${String(http1)}-${method.toLowerCase()}` };
    const request = { path: '/hello', headers, method, ...(method === 'POST' ? { body: 'x' } : {}) };
    const first = call(worker.port, request);
    const serviceId = await waitFor('the service to be known', async () =>
      (await store.services.ids()).find((id) => !known.has(id)),
    );
    const dead = await freePort();
    await publish(serviceId, [dead]);
    const failed = await first;
    expect([failed.status, failed.text]).toEqual([
      502,
      expect.stringContaining('Request failed to connect to service backend'),
    ]);
    // There is no other instance, so that this one waits, tries it, and fails to connect.
    const second = call(worker.port, request);
    await waitFor('two failures in a row', async () => {
      const [ejected] = [...(await store.ejections.of(serviceId)).values()];
      return ejected !== undefined && ejected.failures >= 2;
    });
    await publish(serviceId, [dead, kitchen.port]);
    const served = await second;
    expect([served.status, served.text]).toEqual([200, 'Hello World']);
  });
});
