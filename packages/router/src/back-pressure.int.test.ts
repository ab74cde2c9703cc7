import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2';
import { connect, type AddressInfo, type Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { startRedis, waitFor, type RedisServer } from '@waiter/testkit';
import { pour, restOf } from './testing/held-back';
import { ON_THE_FLY, startRouterUnderTest, type RouterUnderTest } from './testing/router-under-test';

/**
 * One side does not take what the other sends: the router holds a bounded part of it, then the fast side waits, and when the slow
 * one goes on everything arrives. (WebSockets: websocket-ends.int.test.ts.)
 */
const TOTAL = 40 * 1_048_576;
/** What buffers of the system hold on four sockets, and some: they may be large, but what all of TOTAL needs they have not. */
const MOST_HELD = TOTAL / 2;

let redis: RedisServer;
let router: RouterUnderTest;
let serve: (body: Readable, answer: () => Writable) => void = () => undefined;

const http1 = createServer((request, response) => {
  serve(request, () => response.writeHead(200));
});
const http2 = createHttp2Server().on('stream', (stream) => {
  stream.on('error', () => undefined);
  serve(stream, () => {
    stream.respond({ ':status': 200 });
    return stream;
  });
});
const servers = { http: http1, h2c: http2 } as const;

beforeAll(async () => {
  redis = await startRedis();
  for (const server of [http1, http2])
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  router = await startRouterUnderTest(redis.url, []);
});

afterEach(async () => {
  await waitFor('every slot to be released', () => router.reservations.inUse === 0);
});

afterAll(async () => {
  await router.worker.close();
  http1.closeAllConnections();
  for (const server of [http1, http2]) await new Promise((resolve) => server.close(resolve));
  await redis.stop();
});

interface Call {
  readonly upload: Writable;
  /** Not read yet. */
  readonly reply: Promise<Readable>;
  close(): void;
}

const LONG = { 'x-waiter-streaming-timeout': '600000', 'x-waiter-timeout': '600000' };

const fronts = {
  'HTTP/1.1': (headers: Record<string, string>): Call => {
    const upload = httpRequest({ port: router.port, method: 'POST', headers, agent: false });
    const reply = once(upload, 'response').then(([message]) => message as IncomingMessage);
    return { upload, reply, close: () => upload.destroy() };
  },
  'HTTP/2': (headers: Record<string, string>): Call => {
    const session = connectHttp2(`http://127.0.0.1:${router.port}`);
    const upload = session.request({ ':method': 'POST', ':path': '/', ...headers });
    const reply = once(upload, 'response').then(() => upload);
    return { upload, reply, close: () => session.close() };
  },
} as const;

const pairs = (['HTTP/1.1', 'HTTP/2'] as const).flatMap((front) =>
  (['http', 'h2c'] as const).map((proto) => [front, proto] as const),
);

describe.each(pairs)('client of %s, instance of %s', (front, proto) => {
  const call = (): Call => {
    const { port } = servers[proto].address() as AddressInfo;
    router.reservations.addresses = [{ host: '127.0.0.1', port }];
    return fronts[front]({ ...ON_THE_FLY, ...LONG, 'x-waiter-backend-proto': proto });
  };
  const count = (body: Readable): { bytes: number; ended: boolean } => {
    const seen = { bytes: 0, ended: false };
    body.on('data', (piece: Buffer) => (seen.bytes += piece.length)).once('end', () => (seen.ended = true));
    return seen;
  };

  test('a client that does not read', async () => {
    let sent = 0;
    serve = (_body, answer) => pour(answer(), TOTAL, (bytes) => (sent += bytes));
    const { upload, reply, close } = call();
    upload.end();
    const body = await reply;
    expect(await restOf(() => sent)).toBeLessThan(MOST_HELD);
    const seen = count(body);
    await waitFor('all of it', () => seen.ended, { timeoutMs: 20_000 });
    expect(seen.bytes).toBe(TOTAL);
    close();
  });

  test('an instance that does not read', async () => {
    let sent = 0;
    let seen = { bytes: 0, ended: false };
    let read = (): void => undefined;
    serve = (body, answer) => {
      read = () => {
        seen = count(body);
        body.once('end', () => answer().end('thanks'));
      };
    };
    const { upload, reply, close } = call();
    pour(upload, TOTAL, (bytes) => (sent += bytes));
    await waitFor('the request', () => router.reservations.inUse === 1);
    expect(await restOf(() => sent)).toBeLessThan(MOST_HELD);
    read();
    const answer = count(await reply);
    await waitFor('all of it', () => seen.ended && answer.ended, { timeoutMs: 20_000 });
    expect([seen.bytes, answer.bytes]).toEqual([TOTAL, 6]);
    close();
  });
});

test('many clients that do not read cost a bounded part of what they asked for each', async () => {
  const clients = 50;
  const each = 10_000_000;
  let sent = 0;
  serve = (_body, answer) => pour(answer(), each, (bytes) => (sent += bytes));
  router.reservations.addresses = [{ host: '127.0.0.1', port: (http1.address() as AddressInfo).port }];
  const before = process.memoryUsage().arrayBuffers;
  const head = Object.entries({ ...ON_THE_FLY, ...LONG }).map(([name, value]) => `${name}: ${value}\r\n`);
  const sockets: Socket[] = [];
  for (let i = 0; i < clients; i += 1) {
    const socket = connect(router.port, '127.0.0.1').on('error', () => undefined);
    socket.pause().write(`GET / HTTP/1.1\r\nhost: localhost\r\n${head.join('')}\r\n`);
    sockets.push(socket);
  }
  await waitFor('all to be served', () => router.reservations.inUse === clients);
  await restOf(() => sent);
  // The router, the instance and the clients are all in this process; what they do not hold is in the system's buffers.
  await waitFor('what is not needed to go', () => {
    const held = process.memoryUsage().arrayBuffers - before;
    return held < (clients * each) / 5;
  });
  let received = 0;
  for (const socket of sockets) socket.on('data', (piece: Buffer) => (received += piece.length)).resume();
  await waitFor('all of it', () => received > clients * each, { timeoutMs: 20_000 });
  for (const socket of sockets) socket.destroy();
});
