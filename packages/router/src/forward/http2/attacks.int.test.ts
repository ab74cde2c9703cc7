import { createServer } from 'node:http';
import { constants } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { sleep, startRedis, waitFor, type RedisServer } from '@waiter/testkit';
import { callHttp2 } from '../../testing/call-http2';
import { FLAG, FRAME, frame, headerBlock, RawHttp2, setting, u32 } from '../../testing/raw-http2';
import { ON_THE_FLY, startRouterUnderTest, type RouterUnderTest } from '../../testing/router-under-test';

/** Attacks on HTTP/2 servers, frame by frame: the attacker's connection ends, and everybody else is served meanwhile. */
const HEAD = [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':path', '/'],
  [':authority', 'localhost'],
  ...Object.entries(ON_THE_FLY),
] as [string, string][];
const { NGHTTP2_CANCEL, NGHTTP2_ENHANCE_YOUR_CALM } = constants;
const SETTINGS_HEADER_TABLE_SIZE = 1;
const SETTINGS_MAX_FRAME_SIZE = 5;
const PRIORITY = 2;
const UNKNOWN = 0x77;

let redis: RedisServer;
let router: RouterUnderTest;
let requests = 0;
const backend = createServer((_request, response) => {
  requests += 1;
  response.end('fine');
});

beforeAll(async () => {
  redis = await startRedis();
  await new Promise<void>((resolve) => backend.listen(0, '127.0.0.1', resolve));
  router = await startRouterUnderTest(redis.url, [(backend.address() as AddressInfo).port]);
});
afterAll(async () => {
  await router.worker.close();
  backend.closeAllConnections();
  await new Promise((resolve) => backend.close(resolve));
  await redis.stop();
});

/** Sends the same over and over until the router ends the connection. @returns how often it was sent */
async function flood(client: RawHttp2, bytes: (round: number) => Buffer, rounds: number): Promise<number> {
  let round = 0;
  while (!client.closed && round < rounds) {
    if (!client.socket.destroyed && !client.socket.write(bytes(round))) {
      await Promise.race([new Promise((resolve) => client.socket.once('drain', resolve)), sleep(20)]);
    }
    round += 1;
    if (round % 8 === 0) await new Promise(setImmediate);
  }
  return round;
}

/** Others are served, nothing is kept for the attacker. */
async function expectOthersServed(): Promise<void> {
  const reply = await callHttp2(router.port, { headers: ON_THE_FLY });
  expect([reply.status, reply.text]).toEqual([200, 'fine']);
  await waitFor('every slot to be released', () => router.reservations.inUse === 0);
}

const block = headerBlock(HEAD);
const many = (count: number, one: (i: number) => Buffer[]): Buffer =>
  Buffer.concat(Array.from({ length: count }, (_, i) => one(i)).flat());

describe('an attacker is told to be calm and cut off', () => {
  const FLOODS: readonly (readonly [string, (round: number) => Buffer])[] = [
    [
      'rapid reset (CVE-2023-44487)',
      (round) =>
        many(50, (i) => {
          const stream = 2 * (round * 50 + i) + 1;
          const flags = FLAG.END_HEADERS | FLAG.END_STREAM;
          return [
            frame(FRAME.HEADERS, flags, stream, block),
            frame(FRAME.RST_STREAM, 0, stream, u32(NGHTTP2_CANCEL)),
          ];
        }),
    ],
    ['PING flood (CVE-2019-9512)', () => many(50, () => [frame(FRAME.PING, 0, 0, Buffer.alloc(8))])],
    [
      'SETTINGS flood (CVE-2019-9515)',
      () => many(20, () => [frame(FRAME.SETTINGS, 0, 0, setting(SETTINGS_MAX_FRAME_SIZE, 16_384))]),
    ],
    ['window updates for nothing', () => many(1_000, () => [frame(FRAME.WINDOW_UPDATE, 0, 0, u32(1))])],
    [
      'priorities for nothing (CVE-2019-9513)',
      () => many(1_000, () => [frame(PRIORITY, 0, 1, Buffer.from([0, 0, 0, 3, 16]))]),
    ],
    ['frames of an unknown type', () => many(10, () => [frame(UNKNOWN, 0, 0, Buffer.alloc(16_000))])],
  ];
  test.each(FLOODS)('%s', async (_name, bytes) => {
    const client = await RawHttp2.open(router.port);
    await flood(client, bytes, 2_000);
    await waitFor('the connection to end', () => client.closed);
    // Where the attacker's bytes were not all read, the kernel may drop what it was told with its reset.
    const told = client.of(FRAME.GOAWAY)[0]?.payload.readUInt32BE(4);
    expect([NGHTTP2_ENHANCE_YOUR_CALM, undefined]).toContain(told);
    await expectOthersServed();
    client.close();
  });

  test('CONTINUATION flood: a head without an end', async () => {
    const client = await RawHttp2.open(router.port);
    client.send(frame(FRAME.HEADERS, FLAG.END_STREAM, 1, block));
    const more = frame(FRAME.CONTINUATION, 0, 1, headerBlock([['x-a', 'b'.repeat(1_000)]]));
    const rounds = await flood(client, () => more, 2_000);
    await waitFor('the connection to end', () => client.closed);
    expect(rounds).toBeLessThan(2_000);
    await expectOthersServed();
    client.close();
  });

  test('empty CONTINUATION frames', async () => {
    const client = await RawHttp2.open(router.port);
    client.send(frame(FRAME.HEADERS, FLAG.END_STREAM, 1, block));
    await flood(client, () => many(100, () => [frame(FRAME.CONTINUATION, 0, 1)]), 2_000);
    await waitFor('the connection to end', () => client.closed);
    await expectOthersServed();
    client.close();
  });

  test('empty DATA frames (CVE-2019-9518)', async () => {
    const client = await RawHttp2.open(router.port);
    client.headers(1, [[':method', 'POST'], ...HEAD.slice(1)], false);
    await flood(client, () => many(1_000, () => [frame(FRAME.DATA, 0, 1)]), 2_000);
    await waitFor(
      'the connection or the stream to end',
      () => client.closed || client.reset(1) !== undefined,
    );
    client.close();
    await expectOthersServed();
  });
});

/** A literal that enters the dynamic table, then its index (62, RFC 7541 2.3.3) so many times: each is one byte. */
const bomb = (size: number, times: number): Buffer => {
  const [, ...entry] = headerBlock([['x-a', 'b'.repeat(size)]]);
  return Buffer.concat([block, Buffer.from([0x40, ...entry]), Buffer.alloc(times, 0x80 | 62)]);
};

test('header bomb: a head that HPACK blows up to 36 MB is reset, and costs no instance anything', async () => {
  const client = await RawHttp2.open(router.port);
  requests = 0;
  for (let stream = 1; stream < 20 && !client.closed; stream += 2) {
    client.send(frame(FRAME.HEADERS, FLAG.END_HEADERS | FLAG.END_STREAM, stream, bomb(3_000, 12_000)));
    await waitFor('a refusal', () => client.closed || client.reset(stream) !== undefined);
  }
  expect(requests).toBe(0);
  client.close();
  await expectOthersServed();
});

test('a table of HPACK as large as the client likes is not kept for it', async () => {
  const client = await RawHttp2.open(router.port, setting(SETTINGS_HEADER_TABLE_SIZE, 2 ** 31 - 1));
  // An update of the table beyond what the router allows (RFC 7541 6.3) is an error of compression.
  const update = Buffer.from([0x3f, 0xe1, 0xff, 0xff, 0x7f]);
  const flags = FLAG.END_HEADERS | FLAG.END_STREAM;
  client.send(frame(FRAME.HEADERS, flags, 1, Buffer.concat([update, block])));
  await waitFor('the end to be told', () => client.goaway !== undefined);
  expect(client.goaway).toBe(constants.NGHTTP2_COMPRESSION_ERROR);
  client.close();
  await expectOthersServed();
});

test('an attacker is told why: ENHANCE_YOUR_CALM', async () => {
  const client = await RawHttp2.open(router.port);
  client.send(many(210, () => [frame(FRAME.PING, 0, 0, Buffer.alloc(8))]));
  await waitFor('the connection to end', () => client.closed);
  expect(client.of(FRAME.GOAWAY)[0]?.payload.readUInt32BE(4)).toBe(NGHTTP2_ENHANCE_YOUR_CALM);
  client.close();
});

test('rapid reset costs the instance a bounded number of requests', async () => {
  requests = 0;
  const client = await RawHttp2.open(router.port);
  let stream = -1;
  await flood(
    client,
    () =>
      many(10, () => {
        stream += 2;
        return [
          frame(FRAME.HEADERS, FLAG.END_HEADERS | FLAG.END_STREAM, stream, block),
          frame(FRAME.RST_STREAM, 0, stream, u32(NGHTTP2_CANCEL)),
        ];
      }),
    10_000,
  );
  await waitFor('the connection to end', () => client.closed);
  await waitFor('every slot to be released', () => router.reservations.inUse === 0);
  expect(requests).toBeLessThan(1_000);
  client.close();
});

test('more streams than are allowed at once are refused, those before are served', async () => {
  const client = await RawHttp2.open(router.port);
  await waitFor('its limit', () => client.of(FRAME.SETTINGS).some(({ payload }) => payload.length > 0));
  const post = headerBlock([[':method', 'POST'], ...HEAD.slice(1)]);
  client.send(many(300, (i) => [frame(FRAME.HEADERS, FLAG.END_HEADERS, 2 * i + 1, post)]));
  await waitFor('a refusal', () => client.reset(501) !== undefined);
  expect(client.reset(501)).toBe(constants.NGHTTP2_REFUSED_STREAM);
  await waitFor('the others to be answered', () => client.of(FRAME.HEADERS).length === 250);
  client.close();
  await expectOthersServed();
});

test('a client that behaves may reset some, ping often while it works, and change its settings', async () => {
  const client = await RawHttp2.open(router.port);
  for (let i = 0; i < 100; i += 1) {
    client.headers(2 * i + 1, HEAD);
    client.send(frame(FRAME.RST_STREAM, 0, 2 * i + 1, u32(NGHTTP2_CANCEL)));
  }
  client.send(many(100, () => [frame(FRAME.PING, 0, 0, Buffer.alloc(8))]));
  client.send(many(20, () => [frame(FRAME.SETTINGS, 0, 0)]));
  client.headers(201, HEAD);
  await waitFor('an answer', () => client.status(201) !== undefined);
  expect([client.status(201), client.closed]).toEqual([200, false]);
  client.close();
  await waitFor('every slot to be released', () => router.reservations.inUse === 0);
});
