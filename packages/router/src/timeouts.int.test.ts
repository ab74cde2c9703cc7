import { createServer, type ServerResponse } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { Store } from '@waiter/store';
import { publishedInstances, startRedis, waitFor, type RedisServer } from '@waiter/testkit';
import { DEFAULT_ROUTER_TIMEOUTS, routerOptions } from './options';
import { call, type CallReply } from './testing/call';
import { callHttp2, type Http2Reply } from './testing/call-http2';
import { sendHalf, SPOKEN, type Spoken } from './testing/half-request';
import { ON_THE_FLY, startRouterUnderTest, testLanes } from './testing/router-under-test';
import { startRouterWorker, type RouterWorker } from './worker';

/**
 * Timeouts by header (request-path 4), in every lane. Others are in streaming.int.test.ts (a client that does not read, or does not
 * send), protocols.int.test.ts and request-path.int.test.ts (a silent instance), disconnects.int.test.ts (connecting) and
 * websocket-ends.int.test.ts.
 */
let redis: RedisServer;
let store: Store;
let worker: RouterWorker;
const held: ServerResponse[] = [];
const http1 = createServer((request, response) => {
  // Bodies are not read.
  if (request.url === '/held') held.push(response);
});
const http2 = createHttp2Server().on('stream', (stream) => void stream.on('error', () => undefined).pause());

const portOf = (server: { address(): unknown }): number => (server.address() as AddressInfo).port;

beforeAll(async () => {
  redis = await startRedis();
  store = await Store.open({ url: redis.url, cluster: 'test' });
  for (const server of [http1, http2])
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  worker = await startRouterWorker(
    routerOptions({
      host: '127.0.0.1',
      port: 0,
      routerId: 'timing',
      redis: { url: redis.url, cluster: 'test' },
      user: 'alice',
      lanes: { ...testLanes },
      timeouts: { ...DEFAULT_ROUTER_TIMEOUTS, drainTimeoutMs: 500 },
    }),
  );
});

afterAll(async () => {
  await worker.close();
  http1.closeAllConnections();
  for (const server of [http1, http2]) await new Promise((resolve) => server.close(resolve));
  await store.close();
  await redis.stop();
});

let services = 0;

/** Headers of a service of its own, with one instance. */
async function service(state: 'open' | 'unhealthy'): Promise<[Record<string, string>, string]> {
  const headers = { ...ON_THE_FLY, 'x-waiter-version': `v${(services += 1)}`, 'x-waiter-debug': 'true' };
  const known = new Set(await store.services.ids());
  await call(worker.port, { headers: { ...headers, 'x-waiter-queue-timeout': '1' } });
  const serviceId = (await store.services.ids()).find((id) => !known.has(id)) ?? '';
  await store.instances.publish(
    {
      serviceId,
      epoch: 1,
      requested: 1,
      scheduled: 1,
      failed: [],
      killed: [],
      deploymentError: null,
      instances: publishedInstances(serviceId, [state]).map((one) => ({ ...one, port: portOf(http1) })),
    },
    { concurrencyLevel: 1, loadBalancing: 'oldest' },
  );
  return [headers, serviceId];
}

function ask(spoken: Spoken, headers: Record<string, string>): Promise<CallReply | Http2Reply> {
  return spoken === 'HTTP/2' ? callHttp2(worker.port, { headers }) : call(worker.port, { headers });
}

describe.each(SPOKEN)('%s', (spoken) => {
  test('request-path case 46: an instance that does not become healthy within the queue timeout', async () => {
    const [headers, serviceId] = await service('unhealthy');
    const sentAt = performance.now();
    // What the worker knows of the instances comes by message.
    const reply = await waitFor('the whole reason', async () => {
      const told = await ask(spoken, { ...headers, 'x-waiter-queue-timeout': '1200' });
      return told.text.includes('able to start properly') && told;
    });
    expect(performance.now() - sentAt).toBeGreaterThanOrEqual(1_200);
    expect(reply.status).toBe(503);
    expect(reply.text).toContain(
      'After 1 seconds, no instance available to handle request. Check that your service is able to start properly!',
    );
    for (const detail of ['requests-waiting-to-stream', 'waiting-for-available-instance', serviceId])
      expect(reply.text).toContain(detail);
    expect(reply.text).toMatch(/outstanding-requests"?:? 1/);
    expect(reply.headers['x-waiter-backend-id']).toBeUndefined();
  });

  test('request-path case 47: the only slot is taken for longer than the queue timeout', async () => {
    const [headers, serviceId] = await service('open');
    const before = held.length;
    const long = sendHalf(worker.port, 'HTTP/1.1', { headers, path: '/held' });
    await waitFor('the slot to be taken', () => held.length > before);
    const reply = await ask(spoken, { ...headers, 'x-waiter-queue-timeout': '1200' });
    expect(reply.status).toBe(503);
    expect(reply.text).toContain(
      'After 1 seconds, no instance available to handle request. Check that your service is able to scale properly!',
    );
    expect(reply.text).toContain(serviceId);
    expect(reply.headers['x-waiter-backend-id']).toBeUndefined();
    held.at(-1)?.end('done');
    await waitFor('the long one to end', () => long.status() === 200);
    long.leave();
  });

  test.each([
    ['http', http1],
    ['h2c', http2],
  ] as const)(
    '5.1: an upload that its %s instance does not take for the streaming timeout: 503',
    async (proto, server) => {
      const router = await startRouterUnderTest(redis.url, [portOf(server)], {
        timeouts: { ...DEFAULT_ROUTER_TIMEOUTS, drainTimeoutMs: 500 },
      });
      const headers = { ...ON_THE_FLY, 'x-waiter-backend-proto': proto, 'x-waiter-streaming-timeout': '500' };
      const length = 20_000_000;
      const sent = sendHalf(router.port, spoken, { headers, body: { length, sent: length } });
      await waitFor('the answer', () => sent.status() === 503);
      expect(router.reservations.outcomes).toEqual(['instance-error']);
      sent.leave();
      await router.worker.close();
    },
  );
});
