import { constants } from 'node:http2';
import { startKitchen, type RunningKitchen } from '@waiter/kitchen';
import { startRedis, waitFor, type RedisServer } from '@waiter/testkit';
import { callHttp2 } from '../../testing/call-http2';
import { FRAME, RawHttp2 } from '../../testing/raw-http2';
import { ON_THE_FLY, startRouterUnderTest, type RouterUnderTest } from '../../testing/router-under-test';

let redis: RedisServer;
let kitchen: RunningKitchen;
let router: RouterUnderTest;

beforeAll(async () => {
  redis = await startRedis();
  kitchen = await startKitchen({ env: {} });
  router = await startRouterUnderTest(redis.url, [kitchen.port]);
});
afterEach(async () => {
  await waitFor('every slot to be released', () => router.reservations.inUse === 0);
});
afterAll(async () => {
  await router.worker.close();
  await kitchen.close();
  await redis.stop();
});

test('h2c by prior knowledge on the plain port, to an instance of HTTP/1.1', async () => {
  const reply = await callHttp2(router.port, {
    path: '/hello',
    headers: { ...ON_THE_FLY, 'x-waiter-debug': '1' },
  });
  expect([reply.status, reply.text, reply.code]).toEqual([200, 'Hello World', 0]);
  expect(reply.headers).toMatchObject({
    'content-length': '11',
    'x-waiter-client-protocol': 'HTTP/2.0',
    'x-waiter-internal-protocol': 'HTTP/2.0',
    via: 'HTTP/1.1 waiter/abcdef0',
  });
  expect(router.reservations.outcomes.at(-1)).toBe('success');
});

test('an upload goes through and comes back', async () => {
  const body = Buffer.alloc(1_000_000, 'x');
  const reply = await callHttp2(router.port, {
    method: 'POST',
    headers: { ...ON_THE_FLY, 'x-kitchen-echo': 'stream' },
    body,
  });
  expect([reply.status, reply.body.equals(body)]).toEqual([200, true]);
});

test('an error of the router', async () => {
  const reply = await callHttp2(router.port, { headers: { ':authority': 'nowhere.example' } });
  expect(reply.status).toBe(400);
  expect(reply.text).toContain('Unable to identify service');
});

test('CONNECT is 405', async () => {
  const client = await RawHttp2.open(router.port);
  client.headers(1, [
    [':method', 'CONNECT'],
    [':authority', 'localhost:443'],
  ]);
  await waitFor('an answer', () => client.of(FRAME.HEADERS, 1).length > 0);
  expect(client.of(FRAME.HEADERS, 1)[0]?.payload.includes('405')).toBe(true);
  client.close();
});

test('WebSockets over HTTP/2 are not offered, and reset where they are tried all the same (RFC 8441 3)', async () => {
  const SETTINGS_ENABLE_CONNECT_PROTOCOL = 8;
  const client = await RawHttp2.open(router.port);
  const fields = { ':method': 'CONNECT', ':protocol': 'websocket', ':scheme': 'http', ':path': '/' };
  client.headers(1, [...Object.entries(fields), [':authority', 'localhost']], false);
  await waitFor('the reset', () => client.reset(1) !== undefined);
  expect(client.reset(1)).toBe(constants.NGHTTP2_PROTOCOL_ERROR);
  const told = client
    .of(FRAME.SETTINGS)
    .flatMap(({ payload }) =>
      Array.from({ length: payload.length / 6 }, (_, i) => payload.readUInt16BE(i * 6)),
    );
  expect(told).not.toContain(SETTINGS_ENABLE_CONNECT_PROTOCOL);
  client.close();
});
