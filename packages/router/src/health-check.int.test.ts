import { createServer, type Http2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { startKitchen, type RunningKitchen } from '@waiter/kitchen';
import { Store } from '@waiter/store';
import { freePort, startRedis, waitFor, type RedisServer } from '@waiter/testkit';
import { call, type CallReply } from './testing/call';
import {
  ON_THE_FLY,
  startRouterUnderTest,
  testLanes,
  type RouterUnderTest,
} from './testing/router-under-test';

/** The request by which `/waiter-ping` reaches the health check of a service (request-path 8.5). */
let redis: RedisServer;
let store: Store;
let first: RunningKitchen;
let second: RunningKitchen;
let http2: Http2Server;
let router: RouterUnderTest;

beforeAll(async () => {
  redis = await startRedis();
  store = await Store.open({ url: redis.url, cluster: 'test' });
  first = await startKitchen({ env: {} });
  second = await startKitchen({ env: {} });
  http2 = createServer((_request, response) => response.end('by HTTP/2'));
  await new Promise<void>((resolve) => http2.listen(0, '127.0.0.1', resolve));
  router = await startRouterUnderTest(redis.url, [first.port]);
});
afterAll(async () => {
  await router.worker.close();
  await Promise.all([first.close(), second.close(), new Promise((resolve) => http2.close(resolve))]);
  await store.close();
  await redis.stop();
});

type Headers = Readonly<Record<string, string>>;
const ask = (headers: Headers, path = '/status?a=b', method = 'GET'): Promise<CallReply> =>
  call(router.port, {
    path,
    method,
    headers: { ...ON_THE_FLY, 'x-waiter-debug': '1', 'x-waiter-health-check-url': '/status?a=b', ...headers },
  });
const CHECK = { 'x-waiter-request-type': 'health-check' };

/** As the leader would: the one instance, with the ports of all three servers. */
async function publish(reply: CallReply): Promise<void> {
  const serviceId = String(reply.headers['x-waiter-service-id']);
  const instance = {
    id: String(reply.headers['x-waiter-backend-id']),
    serviceId,
    host: '127.0.0.1',
    port: first.port,
    extraPorts: [(http2.address() as AddressInfo).port, second.port],
    startedAtMs: 1,
    healthy: true,
    draining: false,
    flags: [],
    healthCheckStatus: null,
    exitCode: null,
    message: null,
    logDirectory: null,
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
}

describe.each([true, false])('http1 lane: %s', (http1) => {
  beforeAll(async () => {
    if (http1 === testLanes.http1) return;
    await router.worker.close();
    router = await startRouterUnderTest(redis.url, [first.port], { lanes: { http1 } });
  });
  afterEach(() => waitFor('every slot to be released', () => router.reservations.inUse === 0));

  test.each([
    ['http', 'http', 0],
    ['http', 'http', 2],
    ['http', 'h2c', 1],
  ] as const)('case 80: backend %s, health check %s, port index %i', async (proto, check, index) => {
    const headers = {
      'x-waiter-name': `matrix-${String(http1)}`,
      'x-waiter-ports': '3',
      'x-waiter-backend-proto': proto,
      'x-waiter-health-check-proto': check,
      'x-waiter-health-check-port-index': String(index),
    };
    const plain = await ask(headers);
    expect([plain.status, plain.text, plain.headers['x-waiter-backend-port']]).toEqual([
      200,
      'Hello World',
      String(first.port),
    ]);
    await publish(plain);
    const checked = await ask({ ...headers, ...CHECK });
    const port = [first.port, (http2.address() as AddressInfo).port, second.port][index];
    expect([checked.status, checked.text, checked.headers['x-waiter-backend-port']]).toEqual([
      200,
      check === 'h2c' ? 'by HTTP/2' : 'Hello World',
      String(port),
    ]);
    // The parameter of the service, not what this one request used (2.6).
    expect(checked.headers['x-waiter-backend-proto']).toBe(proto);
    expect(checked.headers['x-waiter-service-id']).toBe(plain.headers['x-waiter-service-id']);
  });

  test('case 29: an instance that serves on another port than its first is healthy, and cannot be connected to', async () => {
    const headers = {
      'x-waiter-name': `elsewhere-${String(http1)}`,
      'x-waiter-ports': '3',
      'x-waiter-health-check-port-index': '2',
    };
    await publish(await ask(headers));
    const before = router.reservations.addresses;
    router.reservations.addresses = [{ host: '127.0.0.1', port: await freePort() }];
    try {
      const checked = await ask({ ...headers, ...CHECK });
      expect([checked.status, checked.headers['x-waiter-backend-port']]).toEqual([200, String(second.port)]);
      const reply = await ask(headers, '/hello');
      expect([reply.status, reply.headers['server']]).toEqual([502, 'waiter/abcdef0']);
      expect(reply.text).toContain('Request failed to connect to service backend');
    } finally {
      router.reservations.addresses = before;
    }
  });

  test('security: nothing else of the other ports can be reached by the header', async () => {
    const headers = { ...CHECK, 'x-waiter-ports': '3', 'x-waiter-health-check-port-index': '2' };
    await publish(await ask(headers, '/other'));
    for (const [path, method] of [
      ['/other', 'GET'],
      ['/status', 'GET'],
      ['/status?a=b&c', 'GET'],
      ['/status?a=b', 'POST'],
    ] as const) {
      const reply = await ask(headers, path, method);
      expect([path, method, reply.headers['x-waiter-backend-port']]).toEqual([
        path,
        method,
        String(first.port),
      ]);
    }
  });

  test('an instance that is not known to have the port is 502', async () => {
    const headers = {
      ...CHECK,
      'x-waiter-name': `unknown-${String(http1)}`,
      'x-waiter-ports': '9',
      'x-waiter-health-check-port-index': '8',
    };
    const reply = await ask(headers);
    expect([reply.status, reply.text.includes('The instance has no port 8')]).toEqual([502, true]);
  });
});
