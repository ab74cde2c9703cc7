import { createServer, type Server } from 'node:http';
import { connect as connectHttp2, type IncomingHttpHeaders } from 'node:http2';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { Store } from '@waiter/store';
import { rawRequest, startRedis, waitFor, type RedisServer } from '@waiter/testkit';
import {
  DEFAULT_ROUTER_LIMITS,
  DEFAULT_ROUTER_TIMEOUTS,
  type RouterLimits,
  type RouterTimeouts,
} from './options';
import { callOn } from './testing/call-http2';
import { ON_THE_FLY, startRouterUnderTest, type RouterUnderTest } from './testing/router-under-test';

/** What a client may ask for at most, and with which words it is refused. */
let redis: RedisServer;
let backend: Server;
let received = 0;
const routers: RouterUnderTest[] = [];

const SERVICE = Object.entries(ON_THE_FLY)
  .map(([name, value]) => `${name}: ${value}\r\n`)
  .join('');
const head = (line: string, more = ''): string =>
  `${line} HTTP/1.1\r\nHost: localhost\r\n${SERVICE}${more}\r\n`;
const chunk = (bytes: number): string => `${bytes.toString(16)}\r\n${'x'.repeat(bytes)}\r\n`;

beforeAll(async () => {
  redis = await startRedis();
  backend = createServer((request, response) => {
    request.on('data', (piece: Buffer) => (received += piece.length));
    request.on('end', () => response.end('backend'));
  });
  await new Promise<void>((resolve) => backend.listen(0, '127.0.0.1', resolve));
});

beforeEach(() => {
  received = 0;
});

afterAll(async () => {
  await Promise.all(routers.map(({ worker }) => worker.close()));
  backend.closeAllConnections();
  await new Promise((resolve) => backend.close(resolve));
  await redis.stop();
});

async function start(
  limits: Partial<RouterLimits>,
  timeouts: Partial<RouterTimeouts> = {},
): Promise<RouterUnderTest> {
  const router = await startRouterUnderTest(redis.url, [(backend.address() as AddressInfo).port], {
    limits: { ...DEFAULT_ROUTER_LIMITS, ...limits },
    timeouts: { ...DEFAULT_ROUTER_TIMEOUTS, drainTimeoutMs: 500, ...timeouts },
  });
  routers.push(router);
  return router;
}

/** On a new connection, and as the fourth request of one that lives. */
async function both(router: RouterUnderTest, pieces: readonly string[]): Promise<string[]> {
  const fresh = await rawRequest(router.port, pieces, { timeoutMs: 5_000 });
  const warm = Array<string>(3).fill(head('GET /'));
  const later = await rawRequest(router.port, [...warm, ...pieces], { timeoutMs: 5_000, pauseMs: 20 });
  const answers = later.text.split(/(?=HTTP\/1\.1 \d)/);
  expect(answers.slice(0, 3).map((text) => text.slice(0, 12))).toEqual(Array(3).fill('HTTP/1.1 200'));
  expect([fresh.ended, later.ended]).toEqual(['closed', 'closed']);
  return [fresh.text, answers.slice(3).join('')];
}

describe('heads', () => {
  let router: RouterUnderTest;
  beforeAll(async () => {
    router = await start({ requestHeadBytes: 4_096, requestHeaderCount: 20 });
  });

  test('longer than is allowed: 431', async () => {
    for (const text of await both(router, [head('GET /', `X-Long: ${'x'.repeat(5_000)}\r\n`)])) {
      expect(text).toMatch(/^HTTP\/1\.1 431 Request Header Fields Too Large\r\n/);
      expect(text).toContain('The request head is too large');
    }
  });

  test('with more fields than are allowed: 431', async () => {
    const lines = (count: number): string =>
      Array.from({ length: count }, (_, i) => `X-${i}: 1\r\n`).join('');
    const own = SERVICE.match(/\r\n/g)?.length ?? 0;
    const most = 20 - 1 - own;
    const { text: allowed } = await rawRequest(router.port, head('GET /', lines(most)), { until: /backend/ });
    expect(allowed).toMatch(/^HTTP\/1\.1 200 /);
    for (const text of await both(router, [head('GET /', lines(most + 1))])) {
      expect(text).toMatch(/^HTTP\/1\.1 431 /);
      expect(text).toContain('The request has too many header fields');
    }
  });

  test('with a target longer than a head may be: 414', async () => {
    for (const text of await both(router, [head(`GET /${'x'.repeat(5_000)}`)])) {
      expect(text).toMatch(/^HTTP\/1\.1 414 URI Too Long\r\n/);
      expect(text).toContain('The request line is too long');
    }
  });

  test('of HTTP/2 as well; a cookie in many pieces is one field', async () => {
    const session = connectHttp2(`http://127.0.0.1:${router.port}`);
    const ask = async (path: string, more: Record<string, string | string[]>): Promise<string> => {
      const { status, text } = await callOn(session, { path, headers: { ...ON_THE_FLY, ...more } });
      return `${status} ${text}`;
    };
    const many = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`x-${i}`, '1']));
    expect(await ask('/', { 'x-long': 'x'.repeat(5_000) })).toMatch(/^431 [^]*The request head is too large/);
    expect(await ask('/', many)).toMatch(/^431 [^]*The request has too many header fields/);
    expect(await ask(`/${'x'.repeat(5_000)}`, {})).toMatch(/^414 [^]*The request line is too long/);
    expect(await ask('/', { cookie: Array.from({ length: 40 }, (_, i) => `c${i}=1`) })).toMatch(/^200 /);
    session.destroy();
  });

  test('that do not come to their end in time: 408, also on a connection that has had a request', async () => {
    const impatient = await start({}, { requestHeadTimeoutMs: 300 });
    for (const text of await both(impatient, ['GET / HTTP/1.1\r\nHost: local'])) {
      expect(text).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
      expect(text).toContain('The request head did not arrive in time');
    }
    // A byte now and then does not help.
    const slowly = [...'GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: '].concat(
      Array<string>(1_000).fill('x'),
    );
    const { text } = await rawRequest(impatient.port, slowly, { pauseMs: 20, timeoutMs: 15_000 });
    expect(text).toMatch(/^HTTP\/1\.1 408 /);
  });

  test('that never begin: the connection ends, of HTTP/2 as well', async () => {
    const impatient = await start({}, { requestHeadTimeoutMs: 300, clientIdleTimeoutMs: 300 });
    const { ended } = await rawRequest(impatient.port, '', { timeoutMs: 15_000 });
    expect(ended).toBe('closed');
    const session = connectHttp2(`http://127.0.0.1:${impatient.port}`);
    await new Promise((resolve) => session.once('close', resolve));
  });
});

describe('bodies', () => {
  const LIMIT = 1_000;
  let router: RouterUnderTest;
  beforeAll(async () => {
    router = await start({ requestBodyBytes: LIMIT });
  });

  test('an announced length that is too large: 413 in words, before any of it is sent on', async () => {
    const request = head('POST /', `Content-Length: ${LIMIT + 1}\r\nConnection: close\r\n`);
    for (const text of await both(router, [request, 'x'.repeat(LIMIT + 1)])) {
      expect(text).toMatch(/^HTTP\/1\.1 413 /);
      expect(text).toContain('The request body is larger than is accepted here');
    }
    expect(received).toBe(0);
  });

  test('an announced length that is just allowed is served, also after a refusal on the same connection', async () => {
    const post = (bytes: number): string =>
      `${head('POST /', `Content-Length: ${bytes}\r\n`)}${'x'.repeat(bytes)}`;
    const { text } = await rawRequest(router.port, [post(LIMIT), post(LIMIT + 1), post(LIMIT)], {
      pauseMs: 50,
      until: /(backend[^]*){2}$/,
    });
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 413', 'HTTP/1.1 200']);
    expect(received).toBe(2 * LIMIT);
  });

  test('a chunked one that grows too large: 413, and the instance never sees its end', async () => {
    let ended = 0;
    backend.once('request', (request) => request.once('end', () => (ended += 1)));
    const { text } = await rawRequest(
      router.port,
      [head('POST /', 'Transfer-Encoding: chunked\r\n'), chunk(600), chunk(600), '0\r\n\r\n'],
      { pauseMs: 20, timeoutMs: 5_000, until: /\r\n\r\n/ },
    );
    expect(text).toMatch(/^HTTP\/1\.1 413 /);
    expect(ended).toBe(0);
    await waitFor('the slot to be released', () => router.reservations.inUse === 0);
    expect(router.reservations.outcomes.at(-1)).toBe('client-error');
  });

  test('by HTTP/2 as well, with and without an announced length', async () => {
    const session = connectHttp2(`http://127.0.0.1:${router.port}`);
    const post = (headers: Record<string, string>, pieces: readonly number[]): Promise<number> =>
      new Promise((resolve, reject) => {
        const stream = session.request({ ':method': 'POST', ':path': '/', ...ON_THE_FLY, ...headers });
        stream.on('response', (reply: IncomingHttpHeaders & { ':status'?: number }) =>
          resolve(reply[':status'] ?? 0),
        );
        stream.on('error', reject).resume();
        for (const bytes of pieces) stream.write('x'.repeat(bytes));
        stream.end();
      });
    expect(await post({ 'content-length': String(LIMIT + 1) }, [LIMIT + 1])).toBe(413);
    expect(await post({}, [600, 600])).toBe(413);
    expect(await post({}, [600, 400])).toBe(200);
    session.destroy();
  });

  test('a token may allow less than the router, never more', async () => {
    const store = await Store.open({ url: redis.url, cluster: 'test' });
    const data = {
      cmd: 'serve',
      cpus: 0.1,
      mem: 64,
      version: '1',
      name: 'limited',
      'run-as-user': 'alice',
      owner: 'alice',
    };
    await store.tokens.write({ name: 'strict', data: { ...data, 'max-request-body-bytes': 10 } });
    await store.tokens.write({ name: 'lavish', data: { ...data, 'max-request-body-bytes': 10 * LIMIT } });
    await store.close();
    const post = async (token: string, framing: string, body: string): Promise<string> => {
      const line = `POST / HTTP/1.1\r\nHost: localhost\r\nX-Waiter-Token: ${token}\r\n`;
      const { text } = await rawRequest(router.port, `${line}${framing}\r\n\r\n${body}`, {
        until: /\r\n\r\n/,
      });
      return text.slice(9, 12);
    };
    const byLength = (token: string, bytes: number): Promise<string> =>
      post(token, `Content-Length: ${bytes}`, 'x'.repeat(bytes));
    const byChunks = (token: string, bytes: number): Promise<string> =>
      post(token, 'Transfer-Encoding: chunked', `${chunk(bytes)}0\r\n\r\n`);
    for (const send of [byLength, byChunks]) {
      // Twice: the second time the decision is remembered.
      expect([await send('strict', 10), await send('strict', 10), await send('strict', 11)]).toEqual([
        '200',
        '200',
        '413',
      ]);
      expect([await send('lavish', LIMIT), await send('lavish', LIMIT + 1)]).toEqual(['200', '413']);
    }
  });
});

test('more requests in a second than one connection may make: 429, and the connection ends', async () => {
  const router = await start({ requestsPerSecond: 5 });
  const { text, ended } = await rawRequest(router.port, Array<string>(7).fill(head('GET /')), {
    pauseMs: 10,
    timeoutMs: 5_000,
  });
  expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual([...Array<string>(5).fill('HTTP/1.1 200'), 'HTTP/1.1 429']);
  expect(text).toContain('Too many requests on this connection');
  expect(ended).toBe('closed');
  // Another connection is another client; and one that keeps to the limit is served on.
  const { text: slower } = await rawRequest(router.port, Array<string>(6).fill(head('GET /')), {
    pauseMs: 250,
    until: /(backend[^]*){6}/,
    timeoutMs: 5_000,
  });
  expect(slower).not.toContain(' 429 ');
});

test('of HTTP/2, the surplus alone is refused', async () => {
  const router = await start({ requestsPerSecond: 5 });
  const session = connectHttp2(`http://127.0.0.1:${router.port}`);
  const ask = () => callOn(session, { headers: ON_THE_FLY });
  const answers = await Promise.all(Array.from({ length: 7 }, ask));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 429, 429]);
  expect(answers[6]?.text).toContain('Too many requests on this connection');
  await waitFor('the next second', async () => (await ask()).status === 200, { intervalMs: 400 });
  session.destroy();
});

test('a client that stops in the middle of its upload is told 408 after its socket timeout, by HTTP/2 as well', async () => {
  const router = await start({});
  const session = connectHttp2(`http://127.0.0.1:${router.port}`);
  const stream = session.request({
    ':method': 'POST',
    ':path': '/',
    ...ON_THE_FLY,
    'x-waiter-timeout': '200',
  });
  stream.on('error', () => undefined).write('some');
  let [status, text] = [0, ''];
  stream.on('response', (reply) => (status = reply[':status'] ?? 0));
  stream.setEncoding('utf8').on('data', (piece: string) => (text += piece));
  await new Promise((resolve) => stream.once('close', resolve));
  expect([status, text]).toEqual([408, expect.stringContaining('Timeout receiving bytes from client')]);
  expect(router.reservations.outcomes).toEqual(['client-error']);
  session.destroy();
});

test('more connections than a worker may have: 503, until one of them is closed', async () => {
  const router = await start({ connections: 2 });
  const open = async (): Promise<Socket> => {
    const socket = connect(router.port, '127.0.0.1').setEncoding('latin1');
    let text = '';
    socket.on('error', () => undefined).on('data', (piece: string) => (text += piece));
    socket.write(head('GET /'));
    await waitFor('its answer', () => text.includes('backend'));
    return socket;
  };
  const [first, second] = [await open(), await open()];
  const { text, ended } = await rawRequest(router.port, head('GET /'), { timeoutMs: 5_000 });
  expect(text).toMatch(/^HTTP\/1\.1 503 Service Unavailable\r\n/);
  expect(text).toContain('Too many connections');
  expect(ended).toBe('closed');
  first.destroy();
  await waitFor('room', async () => {
    const { text: again } = await rawRequest(router.port, head('GET /'), { until: /backend|Too many/ });
    return again.startsWith('HTTP/1.1 200 ');
  });
  second.destroy();
});
