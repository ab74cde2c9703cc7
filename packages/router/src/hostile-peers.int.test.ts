import { createServer, type AddressInfo, type Server } from 'node:net';
import { rawRequest, startRedis, waitFor, type RedisServer } from '@waiter/testkit';
import { ON_THE_FLY, startRouterUnderTest, type RouterUnderTest } from './testing/router-under-test';

/** Chunk sizes that parsers read differently, and instances that answer what no server should, in both lanes. */
const SERVICE = Object.entries(ON_THE_FLY)
  .map(([name, value]) => `${name}: ${value}\r\n`)
  .join('');
const head = (line: string, more = ''): string =>
  `${line} HTTP/1.1\r\nHost: localhost\r\n${SERVICE}${more}\r\n`;
const FINE = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine';
const EVIL = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL';

let redis: RedisServer;
let backend: Server;
/** What came over all connections. */
let seen = '';
let bad = FINE;

beforeAll(async () => {
  redis = await startRedis();
  backend = createServer((socket) => {
    socket.on('error', () => undefined).setEncoding('latin1');
    socket.on('data', (text: string) => {
      seen += text;
      if (text.startsWith('GET /bad ')) socket.write(bad, 'latin1');
      else if (text.startsWith('GET /fine ')) socket.write(FINE);
      else if (/\r\n0\r\n\r\n$/.test(seen)) socket.write(FINE);
    });
  });
  await new Promise<void>((resolve) => backend.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  await new Promise((resolve) => backend.close(resolve));
  await redis.stop();
});

describe.each([true, false])('http1 lane: %s', (http1) => {
  let router: RouterUnderTest;
  beforeAll(async () => {
    const { port } = backend.address() as AddressInfo;
    router = await startRouterUnderTest(redis.url, [port], { lanes: { http1 } });
  });
  beforeEach(() => {
    seen = '';
  });
  afterEach(() => waitFor('every slot to be released', () => router.reservations.inUse === 0));
  afterAll(() => router.worker.close());

  test.each([
    ['0x prefix', '0x3\r\nabc\r\n'],
    ['plus', '+3\r\nabc\r\n'],
    ['minus', '-3\r\nabc\r\n'],
    ['underscore', '0_3\r\nabc\r\n'],
    ['space before', ' 3\r\nabc\r\n'],
    ['tab before', '\t3\r\nabc\r\n'],
    ['empty', '\r\nabc\r\n'],
    ['only an extension', ';x\r\nabc\r\n'],
    ['above 2^64', '10000000000000003\r\nabc\r\n'],
    ['bare LF after the size', '3\nabc\r\n'],
    ['bare CR after the size', '3\rabc\r\n'],
    ['bare LF in an extension', '3;x\nabc\r\n'],
    ['bare CR in an extension', '3;x\ry\r\nabc\r\n'],
    ['NUL in an extension', '3;x\0\r\nabc\r\n'],
    ['bare LF after the data', '3\r\nabc\n'],
    ['no line end after the data', '3\r\nabcXX'],
    ['a trailer without a colon', '3\r\nabc\r\n0\r\nnonsense\r\n\r\n'],
    ['a trailer with a space before the colon', '3\r\nabc\r\n0\r\nX : y\r\n\r\n'],
    ['bare LF in the trailers', '3\r\nabc\r\n0\r\nX: y\n\r\n'],
    ['NUL in a trailer', '3\r\nabc\r\n0\r\nX: a\0b\r\n\r\n'],
    ['an extension without end', `3;${'x'.repeat(100_000)}\r\nabc\r\n`],
    ['a trailer without end', `3\r\nabc\r\n0\r\nX: ${'y'.repeat(100_000)}\r\n\r\n`],
    ['trailers without end', `3\r\nabc\r\n0\r\n${'X: y\r\n'.repeat(30_000)}\r\n`],
  ])('chunk size, %s: refused, never a whole request at the instance', async (_name, chunk) => {
    const { text } = await rawRequest(
      router.port,
      `${head('POST /a', 'Transfer-Encoding: chunked\r\n')}${chunk}0\r\n\r\n${head('GET /smuggled')}`,
      { until: /\r\n\r\n/, timeoutMs: 8_000 },
    );
    expect(text).toMatch(/^HTTP\/1\.1 (?:400|431) /);
    expect(seen).not.toContain('/smuggled');
    expect(seen).not.toMatch(/\r\n0\r\n\r\n$/);
  });

  // The general lane's parser counts in 64 bits, so that it may wait for all of it.
  test('chunk size, above 2^53: refused, or a chunk that never ends', async () => {
    const { text } = await rawRequest(
      router.port,
      `${head('POST /a', 'Transfer-Encoding: chunked\r\n')}f0000000000003\r\nabc\r\n0\r\n\r\n${head('GET /smuggled')}`,
      { until: /\r\n\r\n/, timeoutMs: 1_000 },
    );
    expect(text).toMatch(http1 ? /^HTTP\/1\.1 400 / : /^(?:HTTP\/1\.1 400 |$)/);
    // It may arrive as data of a chunk that the router has counted itself, never behind the end of a request.
    const body = seen.slice(seen.indexOf('\r\n\r\n') + 4);
    expect(body).toMatch(/^$|^[0-9a-f]+\r\n[^]+\r\n$/);
    const [, size = '', data = ''] = /^([0-9a-f]+)\r\n([^]*)\r\n$/.exec(body) ?? [];
    expect(data).toHaveLength(parseInt(size === '' ? '0' : size, 16));
  });

  test.each([
    ['CL and TE', 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['CL.CL', 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 0\r\n\r\nokay'],
    ['negative length', 'HTTP/1.1 200 OK\r\nContent-Length: -4\r\n\r\nokay'],
    ['length with a plus', 'HTTP/1.1 200 OK\r\nContent-Length: +4\r\n\r\nokay'],
    ['NUL in a value', 'HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 4\r\n\r\nokay'],
    ['bare CR in a value', 'HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: b\r\nContent-Length: 4\r\n\r\nokay'],
    ['space before the colon', 'HTTP/1.1 200 OK\r\nContent-Length : 4\r\n\r\nokay'],
    ['101 unasked for', 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n'],
    ['no status', 'HTTP/1.1 OK\r\nContent-Length: 4\r\n\r\nokay'],
    ['HTTP/0.9', 'okay, says the old server\r\n\r\n'],
    ['bare LF after the status line', 'HTTP/1.1 200 OK\nContent-Length: 4\r\n\r\nokay'],
    ['bare CR after the status line', 'HTTP/1.1 200 OK\rContent-Length: 4\r\n\r\nokay'],
    ['bare LF after a header', 'HTTP/1.1 200 OK\r\nX: y\nContent-Length: 4\r\n\r\nokay'],
    ['a header without a name', 'HTTP/1.1 200 OK\r\n: y\r\nContent-Length: 4\r\n\r\nokay'],
    ['a line without a colon', 'HTTP/1.1 200 OK\r\nnonsense\r\nContent-Length: 4\r\n\r\nokay'],
    ['a status of two digits', 'HTTP/1.1 99 Low\r\nContent-Length: 4\r\n\r\nokay'],
    ['a status of four digits', 'HTTP/1.1 2000 High\r\nContent-Length: 4\r\n\r\nokay'],
    ['chunked twice', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n4\r\nokay\r\n0\r\n\r\n'],
    ['chunked in HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nokay\r\n0\r\n\r\n'],
    ['another coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nokay'],
    ['a length beyond 2^64', 'HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551620\r\n\r\nokay'],
    ['a head without end', `HTTP/1.1 200 OK\r\nX: ${'y'.repeat(300_000)}`],
    ['a flood of interim responses', 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(50_000)],
  ])('reply with %s: 502, and the next client has its own', async (_name, reply) => {
    bad = `${reply}${EVIL}`;
    const first = await rawRequest(router.port, head('GET /bad'), {
      until: /HTTP\/1\.1 [2-9][^]*\r\n\r\n/,
      timeoutMs: 8_000,
    });
    expect(first.text).toMatch(/^(?:HTTP\/1\.1 102 Processing\r\n\r\n)*HTTP\/1\.1 502 /);
    expect(first.text).not.toContain('EVIL');
    const next = await rawRequest(router.port, head('GET /fine'), { until: /fine$/, timeoutMs: 8_000 });
    expect(next.text).toMatch(/^HTTP\/1\.1 200 [^]*\r\n\r\nfine$/);
  });

  test.each([
    ['a size that is none', '3\r\nabc\r\nxyz\r\n'],
    ['a size with a sign', '3\r\nabc\r\n+3\r\nabc\r\n0\r\n\r\n'],
    ['data longer than it says', '3\r\nabcdef\r\n0\r\n\r\n'],
    ['bare LF after the size', '3\nabc\r\n0\r\n\r\n'],
    ['a size beyond 2^64', '3\r\nabc\r\n10000000000000003\r\nabc\r\n0\r\n\r\n'],
    ['a broken trailer', '3\r\nabc\r\n0\r\nno colon\r\n\r\n'],
  ])(
    'chunks of a reply with %s: its client sees that it broke off, the next one has its own',
    async (_name, chunks) => {
      bad = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}${EVIL}`;
      const first = await rawRequest(router.port, head('GET /bad'), { timeoutMs: 8_000 });
      expect(first.ended).not.toBe('deadline');
      expect(first.text).toMatch(/^HTTP\/1\.1 (?:200|502) /);
      if (first.text.startsWith('HTTP/1.1 200')) expect(first.text).not.toMatch(/\r\n0\r\n\r\n$/);
      expect(first.text).not.toContain('EVIL');
      const next = await rawRequest(router.port, head('GET /fine'), { until: /fine$/, timeoutMs: 8_000 });
      expect(next.text).toMatch(/^HTTP\/1\.1 200 [^]*\r\n\r\nfine$/);
    },
  );

  test('bytes after the end of a reply reach nobody', async () => {
    bad = `${FINE}${EVIL}`;
    const pieces = [head('GET /bad'), head('GET /fine')].join('');
    const first = await rawRequest(router.port, pieces, { until: /fine[^]*fine$/, timeoutMs: 8_000 });
    const next = await rawRequest(router.port, head('GET /fine'), { until: /fine$/, timeoutMs: 8_000 });
    expect(first.text + next.text).not.toContain('EVIL');
    expect((first.text + next.text).match(/fine/g)).toHaveLength(3);
  });
});
