import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { rawRequest, startRedis, waitFor, type RedisServer } from '@waiter/testkit';
import { ON_THE_FLY, startRouterUnderTest, type RouterUnderTest } from '../testing/router-under-test';

/** Pipelined requests in both lanes (RFC 9112 9.3.2): the http1 lane takes turns by itself, node:http does not. */
let redis: RedisServer;
let instance: Server;
/** What the instance was asked and has not answered. */
let open: { readonly url: string; readonly response: ServerResponse }[] = [];
let seen: string[] = [];

beforeAll(async () => {
  redis = await startRedis();
  instance = createServer((request: IncomingMessage, response) => {
    const url = request.url ?? '';
    seen.push(url);
    if (url.startsWith('/slow')) open.push({ url, response });
    else response.end(`${url}.`);
  });
  await new Promise<void>((resolve) => instance.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  instance.closeAllConnections();
  await new Promise((resolve) => instance.close(resolve));
  await redis.stop();
});

const SERVICE = Object.entries(ON_THE_FLY)
  .map(([name, value]) => `${name}: ${value}\r\n`)
  .join('');
const head = (line: string, more = ''): string =>
  `${line} HTTP/1.1\r\nHost: localhost\r\n${SERVICE}${more}\r\n`;
const H2C = 'Connection: Upgrade\r\nUpgrade: h2c\r\n';

describe.each([true, false])('http1 lane: %s', (http1) => {
  let router: RouterUnderTest;
  beforeAll(async () => {
    const { port } = instance.address() as AddressInfo;
    router = await startRouterUnderTest(redis.url, [port], { lanes: { http1 } });
  });
  beforeEach(() => {
    open = [];
    seen = [];
  });
  afterEach(() => waitFor('every slot to be released', () => router.reservations.inUse === 0));
  afterAll(() => router.worker.close());

  test.each(['', H2C])('the second is sent when the first is answered (%j)', async (more) => {
    const answer = rawRequest(router.port, head('GET /slow') + head('GET /b', more) + head('GET /c'), {
      until: /\/c\./,
      timeoutMs: 10_000,
    });
    await waitFor('the first', () => open.length === 1);
    expect(seen).toEqual(['/slow']);
    open[0]?.response.end('slow.');
    expect((await answer).text.match(/slow\.|\/[bc]\./g)).toEqual(['slow.', '/b.', '/c.']);
    expect(seen).toEqual(['/slow', '/b', '/c']);
  });

  test('nothing is served after a response with which the connection ends', async () => {
    for (const first of [
      head('PUT *'),
      head('GET /a', 'Connection: close\r\n'),
      head('GET /a', 'Connection: close \t\r\n'),
    ]) {
      seen = [];
      const { text, ended } = await rawRequest(router.port, first + head('POST /b') + head('GET /c'));
      expect([ended, text.match(/HTTP\/1\.1 \d+/g)?.length]).toEqual(['closed', 1]);
      expect(text).toMatch(/Connection: close/i);
      expect(seen.filter((url) => url !== '/a')).toEqual([]);
    }
  });

  test('a tunnel that is asked for meanwhile is refused in its turn', async () => {
    const connecting = 'CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n';
    const answer = rawRequest(router.port, head('GET /slow') + connecting, { timeoutMs: 10_000 });
    await waitFor('the first', () => open.length === 1);
    open[0]?.response.end('slow.');
    expect((await answer).text).toMatch(/^HTTP\/1\.1 200 [^]*slow\.HTTP\/1\.1 405 /);
  });

  test('what is malformed and comes meanwhile does not take the place of a response', async () => {
    const answer = rawRequest(router.port, `${head('GET /slow')}nonsense\r\n\r\n`, { timeoutMs: 10_000 });
    await waitFor('the first', () => open.length === 1);
    open[0]?.response.end('slow.');
    expect((await answer).text).toMatch(/^HTTP\/1\.1 200 [^]*slow\./);
  });

  test('a client that leaves takes all of its requests with it', async () => {
    const client = connect(router.port, '127.0.0.1');
    client.on('error', () => undefined);
    client.write(head('GET /b', 'Expect: something\r\n') + head('GET /slow1', H2C) + head('GET /slow2'));
    await waitFor('the slow one', () => open.length === 1);
    client.destroy();
    await waitFor('every slot to be released', () => router.reservations.inUse === 0);
    expect(seen).toEqual(['/b', '/slow1']);
  });

  test('many at once are all answered, in their order', async () => {
    const count = 300;
    const all = Array.from({ length: count }, (_, n) =>
      head(`GET /n${n}`, n === count - 1 ? 'Connection: close\r\n' : ''),
    );
    const { text } = await rawRequest(router.port, all.join(''), { timeoutMs: 20_000 });
    expect(text.match(/\/n\d+\./g)).toEqual(all.map((_, n) => `/n${n}.`));
  });
});
