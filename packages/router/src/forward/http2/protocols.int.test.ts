import { connect } from 'node:http2';
import { startKitchen, type KitchenOptions, type RunningKitchen } from '@waiter/kitchen';
import { startRedis, waitFor, type RedisServer } from '@waiter/testkit';
import { call } from '../../testing/call';
import { callHttp2, callOn } from '../../testing/call-http2';
import { ON_THE_FLY, startRouterUnderTest, type RouterUnderTest } from '../../testing/router-under-test';

/** Every protocol in front, every protocol behind. */
const KITCHENS: Readonly<Record<string, KitchenOptions>> = {
  http: {},
  https: { tls: 'self-signed' },
  h2c: { http2: true },
  h2: { http2: true, tls: 'self-signed' },
};
const PROTOCOLS = Object.keys(KITCHENS);

let redis: RedisServer;
let router: RouterUnderTest;
const kitchens = new Map<string, RunningKitchen>();

beforeAll(async () => {
  redis = await startRedis();
  router = await startRouterUnderTest(redis.url, []);
  for (const [protocol, options] of Object.entries(KITCHENS))
    kitchens.set(protocol, await startKitchen({ env: {}, ...options }));
});
afterEach(async () => {
  await waitFor('every slot to be released', () => router.reservations.inUse === 0);
});
afterAll(async () => {
  await router.worker.close();
  for (const kitchen of kitchens.values()) await kitchen.close(0);
  await redis.stop();
});

/** Headers of a request to the kitchen that speaks the protocol. */
function towards(protocol: string, more: Record<string, string> = {}): Record<string, string> {
  router.reservations.addresses = [{ host: '127.0.0.1', port: kitchens.get(protocol)?.port ?? 0 }];
  return { ...ON_THE_FLY, 'x-waiter-backend-proto': protocol, 'x-waiter-debug': 'true', ...more };
}

const FRONTS = { 'HTTP/1.1': call, 'HTTP/2.0': callHttp2 } as const;
const pairs = Object.keys(FRONTS).flatMap((front) =>
  PROTOCOLS.map((behind) => [front as keyof typeof FRONTS, behind] as const),
);

describe.each(pairs)('request-path case 118: %s in front of %s', (front, behind) => {
  const ask = FRONTS[front];
  const version = behind.startsWith('h2') ? '2.0' : '1.1';

  test('what the instance sees and what the client is told', async () => {
    const body = Buffer.from('hello');
    const reply = await ask(router.port, {
      method: 'POST',
      path: '/request-info?a=%20b',
      headers: {
        ...towards(behind),
        'content-length': '5',
        cookie: 'a=b; x-waiter-auth=c; d=e',
        te: 'trailers',
      },
      body,
    });
    expect(reply.status).toBe(200);
    const seen = JSON.parse(reply.text) as { headers: Record<string, unknown> };
    expect(seen).toMatchObject({
      'protocol-version': `HTTP/${version}`,
      'query-string': 'a=%20b',
      'request-length': 5,
      'request-method': 'post',
      scheme: behind === 'https' || behind === 'h2' ? 'https' : 'http',
      headers: { 'content-length': '5', cookie: ['a=b', 'd=e'], via: `${front} waiter/abcdef0` },
    });
    expect(seen.headers).not.toHaveProperty('te');
    expect(reply.headers).toMatchObject({
      'x-waiter-client-protocol': front,
      'x-waiter-internal-protocol': front,
      'x-waiter-backend-proto': behind,
      via: `HTTP/${version} waiter/abcdef0`,
    });
    expect(router.reservations.outcomes.at(-1)).toBe('success');
  });

  test('2 MB in pieces', async () => {
    const headers = towards(behind, {
      'x-kitchen-response-size': '2000000',
      'x-kitchen-chunk-size': '10000',
    });
    const replies = await Promise.all(
      Array.from({ length: 4 }, () => ask(router.port, { path: '/chunked', headers })),
    );
    for (const { status, body, headers: told } of replies) {
      expect([status, body.length]).toEqual([200, 2_000_000]);
      expect(told).not.toHaveProperty('content-length');
    }
  });

  test('request-path cases 10 and 27: 10 MB go there and come back', async () => {
    const body = Buffer.alloc(10_000_000, 'abcdefghij');
    const headers = towards(behind, { 'x-kitchen-echo': 'stream', 'content-type': 'text/foo-bar' });
    const reply = await ask(router.port, { method: 'POST', headers, body });
    expect([reply.status, reply.headers['content-type'], reply.body.equals(body)]).toEqual([
      200,
      'text/foo-bar',
      true,
    ]);
  });

  test.each([200, 400, 500])('request-path case 119: response trailers with status %i', async (status) => {
    const sent = {
      'x-kitchen-trailer-sum': '7',
      'x-kitchen-trailer-other': 'a b',
      'x-kitchen-chunked': 'true',
    };
    const reply = await ask(router.port, {
      path: `/bad-status?status=${status}`,
      headers: towards(behind, { ...sent, te: 'trailers' }),
    });
    expect([reply.status, { ...reply.trailers }]).toMatchObject([status, { sum: '7', other: 'a b' }]);
    const without = await ask(router.port, { headers: towards(behind, { 'x-kitchen-chunked': 'true' }) });
    expect(Object.keys(without.trailers)).toEqual([]);
  });

  test('request-path case 119: trailers that come late', async () => {
    const headers = towards(behind, {
      'x-kitchen-trailer-sum': '7',
      'x-kitchen-chunked': 'true',
      'x-kitchen-pre-trailer-sleep-ms': '1100',
    });
    const reply = await ask(router.port, { path: '/hello', headers });
    expect([reply.text, reply.trailers['sum']]).toEqual(['Hello World', '7']);
  });

  test.each([
    ['HEAD', '/hello', 200],
    ['HEAD', '/chunked', 200],
    ['GET', '/bad-status?status=204', 204],
    ['GET', '/bad-status?status=304', 304],
  ])('no body: %s %s', async (method, path, status) => {
    const reply = await ask(router.port, { method, path, headers: towards(behind) });
    expect([reply.status, reply.text]).toEqual([status, '']);
  });

  test('an instance that breaks off in the middle', async () => {
    const headers = towards(behind, { 'x-kitchen-fail-after': '5000', 'x-kitchen-response-size': '100000' });
    for (const path of ['/chunked', '/unchunked']) {
      const reply = await ask(router.port, { path, headers });
      expect(reply.status).toBe(200);
      expect(reply.body.length).toBeLessThanOrEqual(5_000);
      if ('code' in reply) expect(reply.code).not.toBe(0);
      else expect(reply.complete).toBe(false);
    }
  });

  test('nobody there is 502', async () => {
    const headers = towards(behind);
    router.reservations.addresses = [{ host: '127.0.0.1', port: 1 }];
    const reply = await ask(router.port, { headers });
    expect(reply.status).toBe(502);
    expect(reply.text).toContain('Request failed to connect to service backend');
    expect(router.reservations.outcomes.at(-1)).toBe('instance-error');
  });

  test('request-path case 44: an instance that is silent too long is 504', async () => {
    const headers = towards(behind, { 'x-kitchen-delay-ms': '2000', 'x-waiter-timeout': '200' });
    const reply = await ask(router.port, { headers });
    expect(reply.status).toBe(504);
    expect(reply.text).toContain('Request to service backend timed out');
    expect(reply.headers).toMatchObject({ 'x-waiter-backend-proto': behind });
  });

  test('request-path case 58: 503 means busy', async () => {
    const reply = await ask(router.port, { headers: towards(behind, { 'x-kitchen-act-busy': 'true' }) });
    expect([reply.status, reply.text]).toEqual([503, 'Service is busy']);
    // The http1 lane has tests of its own.
    if (front !== 'HTTP/1.1' || behind !== 'http')
      expect(router.reservations.outcomes.at(-1)).toBe('instance-busy');
  });
});

describe('request trailers', () => {
  test.each(PROTOCOLS)('request-path case 119: of HTTP/2, towards %s', async (behind) => {
    const reply = await callHttp2(router.port, {
      method: 'POST',
      path: '/request-info',
      headers: towards(behind),
      body: 'hello',
      trailers: { 'x-sum': '7', lorem: 'ipsum' },
    });
    const { trailers } = JSON.parse(reply.text) as { trailers: unknown };
    expect(trailers).toEqual(behind.startsWith('h2') ? { 'x-sum': '7', lorem: 'ipsum' } : {});
  });
});

test('many requests share one connection, in front and behind', async () => {
  const session = connect(`http://127.0.0.1:${router.port}`);
  const headers = towards('h2c', { 'x-kitchen-delay-ms': '20' });
  const replies = await Promise.all(Array.from({ length: 100 }, () => callOn(session, { headers })));
  expect(replies.every(({ status, text }) => status === 200 && text === 'Hello World')).toBe(true);
  session.close();
});
