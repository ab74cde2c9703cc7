import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import type { Json } from '@waiter/core';
import { startKitchen, type RunningKitchen } from '@waiter/kitchen';
import { startRedis, waitFor, type RedisServer } from '@waiter/testkit';
import { call, type CallOptions, type CallReply } from './testing/call';
import { ON_THE_FLY, startRouterUnderTest, type RouterUnderTest } from './testing/router-under-test';

let redis: RedisServer;
let kitchen: RunningKitchen;
let router: RouterUnderTest;

beforeAll(async () => {
  redis = await startRedis();
  kitchen = await startKitchen({ env: {} });
  router = await startRouterUnderTest(redis.url, [kitchen.port]);
});

afterAll(async () => {
  await router.worker.close();
  await kitchen.close();
  await redis.stop();
});

afterEach(async () => {
  await waitFor('every slot to be released', () => router.reservations.inUse === 0);
});

const proxied = (options: CallOptions = {}): Promise<CallReply> =>
  call(router.port, { ...options, headers: { ...ON_THE_FLY, ...options.headers } });
const info = async (options: CallOptions = {}) => {
  const reply = await proxied({ ...options, path: options.path ?? '/request-info' });
  expect(reply.status).toBe(200);
  return {
    reply,
    ...(JSON.parse(reply.text) as {
      headers: Record<string, string>;
      'query-string': string;
      'request-method': string;
      'request-length': number;
    }),
  };
};

/** Writes a token that makes a service. */
async function writeToken(name: string, more: Record<string, Json>): Promise<void> {
  const service = { cmd: 'serve', cpus: 0.1, mem: 64, name, version: '1', 'run-as-user': 'alice' };
  const data = { ...service, 'permitted-user': '*', owner: 'alice', ...more };
  await router.worker.store.tokens.write({ name, data });
}

const DEBUG = [
  'backend-id',
  'backend-host',
  'backend-port',
  'backend-proto',
  'backend-response-ns',
  'get-available-instance-ns',
  'router-id',
];
const fromRouter = (reply: CallReply): boolean => String(reply.headers['server'] ?? '').startsWith('waiter/');

describe('basics', () => {
  test('case 1: on-the-fly request reaches the backend', async () => {
    const reply = await proxied({ path: '/hello' });
    expect([reply.status, reply.text]).toEqual([200, 'Hello World']);
    expect(fromRouter(reply)).toBe(false);
  });

  test('cases 2 and 3: x-cid always, the other headers only with x-waiter-debug', async () => {
    const plain = await proxied();
    expect(plain.headers['x-cid']).toMatch(/\S/);
    expect(Object.keys(plain.headers).filter((name) => name.startsWith('x-waiter-'))).toEqual([]);
    const debug = await proxied({ headers: { 'x-waiter-debug': 'true' } });
    for (const name of DEBUG) expect(debug.headers[`x-waiter-${name}`]).toMatch(/\S/);
    expect(debug.headers['x-waiter-queue-timeout-ms']).toBe('300000');
    expect(debug.headers['x-waiter-request-date']).toMatch(/^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000$/);
  });

  test('case 4: the given x-cid is used and passed on', async () => {
    const { reply, headers } = await info({ headers: { 'x-cid': '1234567890' } });
    expect(reply.headers['x-cid']).toBe('1234567890');
    expect(headers['x-cid']).toBe('1234567890');
  });

  test('cases 5 and 6: authorization, principal and via', async () => {
    const { reply, headers } = await info();
    expect(headers['authorization']).toMatch(/^Basic /);
    expect(headers['x-cid']).toMatch(/\S/);
    expect(headers['x-waiter-auth-principal']).toBe('alice');
    expect(headers['x-waiter-authenticated-principal']).toBe('alice');
    expect(headers['via']).toBe('HTTP/1.1 waiter/abcdef0');
    expect(reply.headers['via']).toBe('HTTP/1.1 waiter/abcdef0');
  });

  test('case 7: user-agent is neither added nor lost', async () => {
    expect((await info()).headers).not.toHaveProperty('user-agent');
    expect((await info({ headers: { 'user-agent': '' } })).headers['user-agent']).toBe('');
    expect((await info({ headers: { 'user-agent': ['A', 'B'] } })).headers['user-agent']).toBe('A,B');
  });

  test('case 8: content-type, accept and an empty body pass as they are', async () => {
    const { headers } = await info({
      method: 'POST',
      headers: { accept: 'text/plain', 'content-length': '0' },
    });
    expect(headers).not.toHaveProperty('content-type');
    expect(headers).toMatchObject({ accept: 'text/plain', 'content-length': '0' });
    expect(headers).not.toHaveProperty('transfer-encoding');
  });

  test('case 9: content-length of a small body', async () => {
    const { headers } = await info({
      method: 'POST',
      headers: { 'content-length': '23', 'content-type': 'text/x' },
      body: 'Hello.World.Lorem.Ipsum',
    });
    expect(headers).toMatchObject({ 'content-length': '23', 'content-type': 'text/x' });
  });

  test('case 10: response content-type', async () => {
    const headers = {
      'x-kitchen-echo': 'true',
      'x-kitchen-content-type': 'text/foo-bar',
      'content-length': '3',
    };
    const reply = await proxied({ method: 'POST', headers, body: 'abc' });
    expect([reply.text, reply.headers['content-type']]).toEqual(['abc', 'text/foo-bar']);
  });

  test.each(['GET', 'POST', 'PUT'])('case 11: %s with a body is echoed', async (method) => {
    const body = 'lorem ipsum '.repeat(500);
    const sized = { 'x-kitchen-echo': 'true', 'content-length': String(body.length) };
    expect((await proxied({ method, headers: sized, body })).text).toBe(body);
    const pieces = [Buffer.from(body.slice(0, 2000)), Buffer.from(body.slice(2000))];
    const headers = { 'x-kitchen-echo': 'true', 'transfer-encoding': 'chunked' };
    expect((await proxied({ method, headers, body: pieces })).text).toBe(body);
  });

  const METHODS = 'DELETE COPY GET MOVE OPTIONS PATCH POST PUT LOCK MKCOL PROPFIND PROPPATCH UNLOCK'.split(
    ' ',
  );
  test.each(METHODS)('case 12: method %s', async (method) => {
    expect((await info({ method }))['request-method']).toBe(method.toLowerCase());
  });

  test('case 13: HEAD', async () => {
    const reply = await proxied({ method: 'HEAD', path: '/hello' });
    expect([reply.status, reply.text, reply.complete]).toEqual([200, '', true]);
  });

  const QUERY = "q=~`!@$%^&*()_-+={}[]|:;'<>,.?&foo=%12jhsdf";
  test.each([QUERY, encodeURIComponent(QUERY), '', 'a=b&&c', '?', 'x=%zz'])(
    'case 14: query string %s',
    async (query) => {
      expect((await info({ path: `/request-info?${query}` }))['query-string'] ?? '').toBe(query);
    },
  );

  test('case 15: fixed body of 120000 bytes', async () => {
    const body = 'x'.repeat(120_000);
    const seen = await info({ method: 'POST', headers: { 'content-length': '120000' }, body });
    expect(seen.headers['content-length']).toBe('120000');
    expect(seen.headers).not.toHaveProperty('transfer-encoding');
    expect(seen['request-length']).toBe(120_000);
  });

  test('case 16: chunked body of 120000 bytes', async () => {
    async function* pieces(): AsyncGenerator<Buffer> {
      for (let sent = 0; sent < 120_000; sent += 16_384) {
        yield Buffer.alloc(Math.min(16_384, 120_000 - sent), 'x');
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
    const seen = await info({ method: 'POST', headers: { 'transfer-encoding': 'chunked' }, body: pieces() });
    expect(seen['request-length']).toBe(120_000);
    expect([seen.headers['transfer-encoding'], seen.headers['content-length']]).toEqual([
      'chunked',
      undefined,
    ]);
  });

  test.each([2_000, 4_000, 8_000, 16_000, 20_000, 24_000])(
    'case 17: header of %i characters',
    async (length) => {
      const reply = await proxied({ path: '/hello', headers: { 'x-kitchen-long': 'x'.repeat(length) } });
      expect(reply.status).toBe(200);
    },
  );

  test.each(['GET', 'POST'])('case 18: x-waiter-https-redirect is ignored (%s)', async (method) => {
    expect((await proxied({ method, headers: { 'x-waiter-https-redirect': 'true' } })).status).toBe(200);
  });

  test('case 19: a 401 of the backend is relayed', async () => {
    const reply = await proxied({ path: '/bad-status?status=401' });
    expect([reply.status, reply.text, fromRouter(reply)]).toEqual([401, 'Hello World', false]);
    expect(reply.headers).not.toHaveProperty('www-authenticate');
  });

  test('case 21: unsupported headers', async () => {
    const reply = await proxied({ headers: { 'x-waiter-maintenance': 'v' } });
    expect([reply.status, fromRouter(reply)]).toEqual([400, true]);
    expect(reply.text).toContain('Unsupported waiter headers found');
    expect(reply.text).toContain('x-waiter-maintenance');
  });

  const setCookies = ({ headers }: CallReply): string[] =>
    (headers['set-cookie'] ?? []).map((cookie) => cookie.split(';')[0] ?? '');
  const EXPIRY = expect.stringMatching(/^x-auth-expires-at=\d+$/);
  const AUTH = expect.stringMatching(/^x-waiter-auth=[\w-]{40,}$/);

  test('case 22: cookies of the backend, and those of a client that is newly authenticated', async () => {
    const headers = { 'x-kitchen-cookies': 'test=CrazyCase,test2=lol2,test3="lol3"' };
    const reply = await proxied({ headers });
    const theirs = ['test=CrazyCase', 'test2=lol2', 'test3=%22lol3%22'];
    expect(setCookies(reply)).toEqual([...theirs, EXPIRY, AUTH]);
    const again = await proxied({ headers: { ...headers, cookie: setCookies(reply).join('; ') } });
    expect(setCookies(again)).toEqual(theirs);
  });

  test('case 23: the auth cookies are between client and router', async () => {
    const cookies =
      'lorem=ipsum,x-waiter-auth=foo,x-auth-expires-at=bar,x-waiter-oidc-challenge-fee=fie,foo=bar';
    const reply = await proxied({ headers: { 'x-kitchen-cookies': cookies } });
    expect(setCookies(reply)).toEqual(['lorem=ipsum', 'foo=bar', EXPIRY, AUTH]);
  });

  test('case 24: the auth cookies of the client do not reach the backend', async () => {
    const own = 'x-waiter-auth=foo; x-auth-expires-at=bar';
    expect((await info({ headers: { cookie: `${own}; test=cookie` } })).headers['cookie']).toEqual([
      'test=cookie',
    ]);
    expect((await info({ headers: { cookie: own } })).headers['cookie'] ?? []).toEqual([]);
  });

  test('case 25: echo of 1 MB, again and again', async () => {
    const body = Buffer.alloc(1_000_000, 'lorem ipsum dolor ');
    const headers = { 'x-kitchen-echo': 'true', 'content-length': String(body.length) };
    for (let i = 0; i < 10; i += 1) {
      expect((await proxied({ method: 'POST', headers, body })).body.equals(body)).toBe(true);
    }
  });

  test('case 26: an error is readable although the upload was not read', async () => {
    const body = Buffer.alloc(1_000_000, 'x');
    const headers = { 'x-waiter-cpus': 'bad-cpus', 'content-length': String(body.length) };
    const reply = await proxied({ method: 'POST', headers, body });
    expect([reply.status, fromRouter(reply), reply.complete]).toEqual([400, true, true]);
  });

  test('case 27: echo of 10 MB', async () => {
    const body = Buffer.alloc(10_000_000, 'lorem ipsum dolor ');
    const headers = { 'x-kitchen-echo': 'true', 'content-length': String(body.length) };
    const reply = await proxied({ method: 'POST', headers, body });
    expect(reply.body.equals(body)).toBe(true);
  });
});

describe('errors', () => {
  test('case 37: error pages by accept and content-type', async () => {
    const headers = { host: 'nobody.example' };
    const text = await call(router.port, { headers });
    expect(text.headers['content-type']).toBe('text/plain');
    expect(text.text).toContain('================');
    expect((await call(router.port, { headers: { ...headers, accept: 'text/html' } })).text).toContain(
      '<html>',
    );
    for (const more of [{ accept: 'application/json' }, { 'content-type': 'application/json' }]) {
      const json = await call(router.port, { headers: { ...headers, ...more } });
      expect(JSON.parse(json.text)).toMatchObject({
        'waiter-error': { status: 400, 'support-info': expect.any(Array) },
      });
    }
  });

  test.each(['nobody.example', 'bad/token'])('case 39: host %s is no token', async (host) => {
    const reply = await call(router.port, { headers: { host } });
    expect(reply.status).toBe(400);
    expect(reply.text).toContain('Unable to identify service using waiter headers/token');
  });

  test('case 40: incomplete on-the-fly description', async () => {
    const reply = await call(router.port, {
      headers: { host: 'nobody.example', 'x-waiter-cmd': 'x', 'x-waiter-cmd-type': 'shell' },
    });
    expect(reply.status).toBe(400);
    expect(reply.text).toContain('Service description using waiter headers/token improperly configured');
  });

  test.each(['missing_token', 'bad#token', 'bad/token'])('case 41: token %s is missing', async (token) => {
    for (const more of [{}, { host: 'nobody.example' }]) {
      const reply = await call(router.port, { headers: { 'x-waiter-token': token, ...more } });
      expect(reply.status).toBe(404);
      expect(reply.text).toContain(`Token not found: ${token}`);
    }
  });

  test('case 42: parameters that are not allowed', async () => {
    for (const more of [{}, { 'x-waiter-allowed-params': '' }]) {
      const reply = await proxied({ headers: { 'x-waiter-param-foo': 'bar', ...more } });
      expect(reply.status).toBe(400);
      expect(reply.text).toContain('Some params cannot be configured');
    }
  });

  test('case 43: backend and health check protocols differ', async () => {
    const reply = await proxied({
      headers: { 'x-waiter-backend-proto': 'http', 'x-waiter-health-check-proto': 'https' },
    });
    expect(reply.status).toBe(400);
    expect(reply.text).toContain(
      'The backend-proto (http) and health check proto (https) must match when health-check-port-index is zero',
    );
  });

  test('case 30: a command type that there is not', async () => {
    const reply = await proxied({ headers: { 'x-waiter-cmd-type': 'fakecommand' } });
    expect([reply.status, fromRouter(reply)]).toEqual([400, true]);
    expect(reply.text).toContain('Command type fakecommand is not supported');
  });

  test('case 31: parameters above their limits are named, without words of the implementation', async () => {
    const reply = await proxied({ headers: { 'x-waiter-cpus': '33', 'x-waiter-mem': '1000000000' } });
    expect([reply.status, fromRouter(reply)]).toEqual([400, true]);
    expect(reply.text).toContain('The following fields exceed their allowed limits');
    expect(reply.text).toContain('cpus is 33 but the max allowed is 32');
    expect(reply.text).toContain('mem is 1000000000 but the max allowed is 131072');
    expect(reply.text).not.toMatch(/clojure|typescript|\.js\b|node_modules/i);
  });

  test('case 32: only the bad names of variables are told', async () => {
    const names = ['begin-date', '1_invalid', '123456', 'end-date', 'foo', 'fee_fie'];
    const headers = Object.fromEntries(names.map((name) => [`x-waiter-env-${name}`, 'v']));
    const reply = await proxied({ headers: { ...headers, accept: 'application/json' } });
    expect(reply.status).toBe(400);
    const { message } = (JSON.parse(reply.text) as { 'waiter-error': { message: string } })['waiter-error'];
    expect(message).toContain('The following environment variable keys are invalid:');
    for (const name of ['BEGIN-DATE', '1_INVALID', '123456', 'END-DATE']) expect(message).toContain(name);
    expect(message).not.toMatch(/foo|fee_fie/i);
  });

  test('case 33: never to idle out is for tokens, not for headers', async () => {
    const refused = await proxied({ headers: { 'x-waiter-idle-timeout-mins': '0' } });
    expect([refused.status, fromRouter(refused)]).toEqual([400, true]);
    expect(refused.text).toContain(
      'idle-timeout-mins on-the-fly header configured to a value of zero is not supported',
    );
    await writeToken('lasting', { 'idle-timeout-mins': 0 });
    expect((await call(router.port, { headers: { 'x-waiter-token': 'lasting' } })).status).toBe(200);
  });

  test('an API path without an API here is 404', async () => {
    const reply = await call(router.port, { path: '/404' });
    expect([reply.status, fromRouter(reply)]).toEqual([404, true]);
    expect(reply.text).toContain('Waiter Error 404');
  });
});

describe('timeouts and backend failures', () => {
  test('case 49: timeouts come from the token, without a new service', async () => {
    const seen = async (more: Record<string, Json>): Promise<unknown[]> => {
      await writeToken('timed', more);
      const { headers } = await call(router.port, {
        headers: { 'x-waiter-token': 'timed', 'x-waiter-debug': 'true' },
      });
      const timeouts = ['queue', 'socket', 'streaming'].map((name) => headers[`x-waiter-${name}-timeout-ms`]);
      return [headers['x-waiter-service-id'], ...timeouts];
    };
    const [serviceId, ...defaults] = await seen({});
    expect(defaults).toEqual(['300000', '900000', '20000']);
    const become = (more: Record<string, Json>, timeouts: readonly string[]): Promise<boolean> =>
      waitFor(`the timeouts ${String(timeouts)}`, async () =>
        isDeepStrictEqual(await seen(more), [serviceId, ...timeouts]),
      );
    await become({ 'queue-timeout-ms': 12_000, 'socket-timeout-ms': 23_000 }, ['12000', '23000', '20000']);
    const more = { 'socket-timeout-ms': 32_000, 'streaming-timeout-ms': 43_000 };
    await become(more, ['300000', '32000', '43000']);
  });

  test.each(['-50', '0', 'soon', ' '])('case 50: a timeout of %j is as none', async (given) => {
    const headers = {
      'x-waiter-debug': 'true',
      'x-waiter-queue-timeout': given,
      'x-waiter-timeout': given,
      'x-waiter-streaming-timeout': '3600001',
    };
    expect((await proxied({ headers })).headers).toMatchObject({
      'x-waiter-queue-timeout-ms': '300000',
      'x-waiter-socket-timeout-ms': '900000',
      'x-waiter-streaming-timeout-ms': '3600000',
    });
  });

  test('case 44: socket timeout', async () => {
    const headers = { 'x-kitchen-delay-ms': '4000', 'x-waiter-timeout': '300', 'x-waiter-debug': 'true' };
    const reply = await proxied({ headers });
    expect(reply.status).toBe(504);
    expect(reply.text).toContain('Request to service backend timed out');
    for (const name of ['x-cid', 'server', 'x-waiter-backend-id', 'x-waiter-backend-proto']) {
      expect(reply.headers[name]).toMatch(/\S/);
    }
    expect(router.reservations.outcomes.at(-1)).toBe('instance-error');
  });

  test('case 45: the backend dies during the request', async () => {
    const mortal = await startKitchen({ env: {} });
    router.reservations.addresses = [{ host: '127.0.0.1', port: mortal.port }];
    try {
      const reply = await proxied({ path: '/die', headers: { 'x-waiter-debug': 'true' } });
      expect(reply.status).toBe(502);
      expect(reply.text).toContain('Request to service backend failed');
      expect(reply.headers['x-waiter-backend-id']).toMatch(/\S/);
      const refused = await proxied();
      expect(refused.status).toBe(502);
      expect(refused.text).toContain('Request failed to connect to service backend');
    } finally {
      router.reservations.addresses = [{ host: '127.0.0.1', port: kitchen.port }];
      await mortal.close();
    }
  });

  test('retry: an instance that cannot be connected to is replaced, and the body is whole', async () => {
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    // Slots are given in turn: from here on the two closed ports come first.
    while (router.reservations.reserved.length % 6 !== 1) await proxied();
    router.reservations.addresses = [port, port, kitchen.port].map((p) => ({ host: '127.0.0.1', port: p }));
    try {
      const body = Buffer.alloc(300_000, 'y');
      const headers = { 'x-kitchen-echo': 'true', 'content-length': String(body.length) };
      const reply = await proxied({ method: 'POST', headers, body });
      expect([reply.status, reply.body.equals(body)]).toEqual([200, true]);
      expect(new Set(router.reservations.reserved.slice(-3)).size).toBe(3);
    } finally {
      router.reservations.addresses = [{ host: '127.0.0.1', port: kitchen.port }];
    }
  });
});

describe('encoding and truncation', () => {
  test('case 52: chunked gzip passes as it is', async () => {
    const headers = {
      'x-kitchen-chunked': 'true',
      'x-kitchen-response-size': '2000000',
      'accept-encoding': 'gzip',
    };
    const reply = await proxied({ path: '/gzip', headers });
    expect(reply.headers).toMatchObject({ 'content-encoding': 'gzip', 'content-type': 'text/plain' });
    expect(reply.headers).not.toHaveProperty('content-length');
    const { gunzipSync } = await import('node:zlib');
    expect(gunzipSync(reply.body).length).toBe(2_000_000);
  });

  test('case 53: gzip with one framing', async () => {
    const reply = await proxied({ path: '/gzip', headers: { 'x-kitchen-response-size': '20000' } });
    const framings = ['content-length', 'transfer-encoding'].filter((name) => name in reply.headers);
    expect([reply.status, framings.length]).toEqual([200, 1]);
  });

  test.each([
    [54, '/gzip', true],
    [54, '/gzip', false],
    [55, '/chunked', true],
    [56, '/unchunked', false],
  ])('case %i: %s that breaks off (chunked: %s) is seen to break off', async (_case, path, chunked) => {
    const headers = {
      ...(chunked ? { 'x-kitchen-chunked': 'true' } : {}),
      'x-kitchen-response-size': '100000',
      'x-kitchen-fail-after': path === '/gzip' ? '50' : '5000',
    };
    const reply = await proxied({ path, headers });
    expect([reply.status, reply.complete]).toEqual([200, false]);
    expect(reply.body.length).toBeLessThan(100_000);
    await waitFor('the slot to be released', () => router.reservations.inUse === 0);
    expect(router.reservations.outcomes.at(-1)).toBe('instance-error');
  });

  test('cases 55 and 56: whole bodies', async () => {
    const chunked = await proxied({ path: '/chunked', headers: { 'x-kitchen-response-size': '100000' } });
    expect([
      chunked.body.length,
      chunked.headers['content-length'],
      chunked.headers['content-encoding'],
    ]).toEqual([100_000, undefined, undefined]);
    for (let i = 0; i < 20; i += 1) {
      const reply = await proxied({ path: '/unchunked', headers: { 'x-kitchen-response-size': '100000' } });
      expect([reply.body.length, reply.headers['content-length']]).toEqual([100_000, '100000']);
    }
  });
});
