import { constants, createServer, type Http2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { startRedis, type RedisServer } from '@waiter/testkit';
import { call } from '../../testing/call';
import { ON_THE_FLY, startRouterUnderTest, type RouterUnderTest } from '../../testing/router-under-test';

/** An instance that has enough of a connection after a few streams, and says so on each that follows. */
const ENOUGH = 3;
let redis: RedisServer;
let backend: Http2Server;
let router: RouterUnderTest;
let sessions = 0;

beforeAll(async () => {
  backend = createServer().on('session', (session) => {
    let streams = 0;
    sessions += 1;
    session.on('stream', (stream) => {
      stream.on('error', () => undefined);
      streams += 1;
      if (streams > ENOUGH) return stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
      stream.respond({ ':status': 200 });
      stream.end('fine');
    });
  });
  await new Promise<void>((resolve) => backend.listen(0, '127.0.0.1', resolve));
  redis = await startRedis();
  router = await startRouterUnderTest(redis.url, [(backend.address() as AddressInfo).port]);
});
afterAll(async () => {
  await router.worker.close();
  await new Promise((resolve) => backend.close(resolve));
  await redis.stop();
});
beforeEach(() => {
  sessions = 0;
});

const headers = { ...ON_THE_FLY, 'x-waiter-backend-proto': 'h2c' };

test('safe requests go on over another connection', async () => {
  for (let i = 0; i < 3 * ENOUGH; i += 1) {
    const { status, text } = await call(router.port, { headers });
    expect([status, text]).toEqual([200, 'fine']);
  }
  expect(sessions).toBe(3);
});

test('one that may have been received is not repeated, the next one goes over another connection', async () => {
  const statuses: (number | undefined)[] = [];
  for (let i = 0; i < 2 * (ENOUGH + 1); i += 1)
    statuses.push((await call(router.port, { headers, method: 'POST', body: 'x' })).status);
  expect(statuses.filter((status) => status === 502)).toHaveLength(2);
  expect(statuses.filter((status) => status === 200)).toHaveLength(2 * ENOUGH);
});
