import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Store } from '@waiter/store';
import { publishedInstances, startRedis, waitFor, type RedisServer } from '@waiter/testkit';
import { DEFAULT_ROUTER_TIMEOUTS, routerOptions } from './options';
import { call, type CallReply } from './testing/call';
import { callHttp2, type Http2Reply } from './testing/call-http2';
import { SPOKEN, type Spoken } from './testing/half-request';
import { ON_THE_FLY, testLanes } from './testing/router-under-test';
import { startRouterWorker, type RouterWorker } from './worker';

/** The request of a ping goes before all that wait (request-path 3.4), through a worker with real slots. */
let redis: RedisServer;
let store: Store;
let worker: RouterWorker;
/** Requests at the instance, in the order in which they came. */
const arrived: { readonly path: string; readonly response: ServerResponse }[] = [];
const backend = createServer((request, response) => {
  arrived.push({ path: request.url ?? '', response });
});

beforeAll(async () => {
  redis = await startRedis();
  store = await Store.open({ url: redis.url, cluster: 'test' });
  await new Promise<void>((resolve) => backend.listen(0, '127.0.0.1', () => resolve()));
  worker = await startRouterWorker(
    routerOptions({
      host: '127.0.0.1',
      port: 0,
      routerId: 'pinged',
      redis: { url: redis.url, cluster: 'test' },
      user: 'alice',
      lanes: { ...testLanes },
      timeouts: { ...DEFAULT_ROUTER_TIMEOUTS, drainTimeoutMs: 500 },
    }),
  );
});

afterAll(async () => {
  await worker.close();
  backend.closeAllConnections();
  await new Promise((resolve) => backend.close(resolve));
  await store.close();
  await redis.stop();
});

test.each(SPOKEN)(
  'case 85: a health check by %s goes before what waits, another request with its header does not',
  async (spoken: Spoken) => {
    const headers = { ...ON_THE_FLY, 'x-waiter-version': spoken, 'x-waiter-health-check-url': '/status' };
    const check = { ...headers, 'x-waiter-request-type': 'health-check' };
    const known = new Set(await store.services.ids());
    await call(worker.port, { headers: { ...headers, 'x-waiter-queue-timeout': '1' } });
    const serviceId = (await store.services.ids()).find((id) => !known.has(id)) ?? '';
    const { port } = backend.address() as AddressInfo;
    await store.instances.publish(
      {
        serviceId,
        epoch: 1,
        requested: 1,
        scheduled: 1,
        failed: [],
        killed: [],
        deploymentError: null,
        instances: publishedInstances(serviceId, ['open']).map((one) => ({ ...one, port })),
      },
      { concurrencyLevel: 1, loadBalancing: 'oldest' },
    );
    arrived.length = 0;
    const replies: Promise<CallReply | Http2Reply>[] = [];
    /** Sends a request, and waits until `waiting` requests wait for the one slot. */
    const send = async (path: string, fields: Record<string, string>, waiting: number): Promise<void> => {
      replies.push(
        spoken === 'HTTP/2'
          ? callHttp2(worker.port, { path, headers: fields })
          : call(worker.port, { path, headers: fields }),
      );
      await waitFor(`${path} to wait`, async () => {
        const row = (await store.connection.redis.hvals(store.connection.keys.holders(serviceId)))[0] ?? '';
        const [, , ordinary, , , prioritised] = row.split(' ').map(Number);
        return (ordinary ?? 0) + (prioritised ?? 0) === waiting;
      });
    };
    await send('/running', headers, 0);
    await waitFor('the slot to be taken', () => arrived.length === 1);
    await send('/first', headers, 1);
    await send('/forged', check, 2);
    await send('/status', check, 3);
    for (let served = 0; served < 4; served += 1) {
      await waitFor('the next request', () => arrived.length === served + 1);
      arrived[served]?.response.end('done');
    }
    expect((await Promise.all(replies)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(arrived.map(({ path }) => path)).toEqual(['/running', '/status', '/first', '/forged']);
  },
);
