import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { startKitchen } from '@waiter/kitchen';
import { sleep, startRedis, waitFor, type RedisServer } from '@waiter/testkit';
import { WebSocketServer, type WebSocket } from 'ws';
import { DEFAULT_ROUTER_TIMEOUTS, routerOptions } from './options';
import { call } from './testing/call';
import {
  authCookie,
  ON_THE_FLY,
  startRouterUnderTest,
  type RouterUnderTest,
} from './testing/router-under-test';
import { openSocket, type TestSocket } from './testing/websocket-client';
import { startRouterWorker } from './worker';

let redis: RedisServer;
let router: RouterUnderTest;
let server: Server;
let instances: WebSocketServer;
/** What the instance does with the next client. */
let behave: (socket: WebSocket, raw: Socket) => void = () => undefined;

beforeAll(async () => {
  server = createServer();
  instances = new WebSocketServer({ server, maxPayload: 0 });
  instances.on('connection', (socket, request) => {
    socket.on('error', () => undefined);
    behave(socket, request.socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  redis = await startRedis();
  router = await startRouterUnderTest(redis.url, [portOf(server)]);
});

afterAll(async () => {
  await router.worker.close();
  for (const socket of instances.clients) socket.terminate();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await redis.stop();
});

afterEach(async () => {
  await waitFor('every slot to be released', () => router.reservations.inUse === 0);
});

const portOf = (of: Server): number => (of.address() as AddressInfo).port;
const drainingIn = (drainTimeoutMs: number) => ({ ...DEFAULT_ROUTER_TIMEOUTS, drainTimeoutMs });
const HANDSHAKE = [
  'GET / HTTP/1.1',
  'Host: localhost',
  ...Object.entries({ ...ON_THE_FLY, cookie: authCookie() }).map(([name, value]) => `${name}: ${value}`),
  'Connection: Upgrade',
  'Upgrade: websocket',
  '\r\n',
].join('\r\n');
const lastOutcome = () => router.reservations.outcomes.at(-1);
const open = (headers: Record<string, string> = {}, port = router.port): Promise<TestSocket> =>
  openSocket(`ws://127.0.0.1:${port}/`, { headers: { ...ON_THE_FLY, ...headers } });
/** Opens a connection and gives both ends of it. */
async function pair(
  headers: Record<string, string> = {},
  port = router.port,
): Promise<{
  client: TestSocket;
  instance: WebSocket;
  raw: Socket;
  ended: Promise<{ code: number; reason: string }>;
}> {
  const accepted = new Promise<[WebSocket, Socket]>((resolve) => (behave = (...ends) => resolve(ends)));
  const client = await open(headers, port);
  const [instance, raw] = await accepted;
  const ended = new Promise<{ code: number; reason: string }>((resolve) =>
    instance.once('close', (code, reason) => resolve({ code, reason: String(reason) })),
  );
  return { client, instance, raw, ended };
}

async function withInstance<T>(port: number, work: () => Promise<T>): Promise<T> {
  const before = router.reservations.addresses;
  router.reservations.addresses = [{ host: '127.0.0.1', port }];
  try {
    return await work();
  } finally {
    router.reservations.addresses = before;
  }
}

describe('close codes', () => {
  test.each([
    [1000, 'success'],
    [1001, 'client-error'],
    [3001, 'client-error'],
  ] as const)('of the client reach the instance: %i', async (code, outcome) => {
    const { client, ended } = await pair();
    client.socket.close(code, 'so be it');
    expect(await ended).toEqual({ code, reason: 'so be it' });
    expect((await client.closed).code).toBe(code);
    await waitFor('release', () => lastOutcome() === outcome);
  });

  test.each([
    [1000, 'success'],
    [1001, 'success'],
    [4005, 'instance-error'],
  ] as const)('of the instance reach the client: %i', async (code, outcome) => {
    const { client, instance } = await pair();
    instance.close(code, 'words');
    expect(await client.closed).toEqual({ code, reason: 'words' });
    await waitFor('release', () => lastOutcome() === outcome);
  });

  test('without a code', async () => {
    const { client, ended } = await pair();
    client.socket.close();
    expect((await ended).code).toBe(1005);
    await waitFor('release', () => lastOutcome() === 'success');
  });

  test('are counted, and open connections too', async () => {
    const { client } = await pair();
    const seriesOf = async (name: string) =>
      (await router.worker.snapshot()).find((metric) => metric.name === `waiter_${name}`)?.values ?? [];
    expect((await seriesOf('websockets_open'))[0]?.value).toBe(1);
    client.socket.close(3999);
    await waitFor('the end', async () => (await seriesOf('websockets_open'))[0]?.value === 0);
    expect(await seriesOf('websocket_closes_total')).toContainEqual(
      expect.objectContaining({ value: 1, labels: expect.objectContaining({ code: 3999 }) }),
    );
  });
});

describe('abnormal ends', () => {
  test('case 133: an instance that dies is 1006 at the client', async () => {
    const kitchen = await startKitchen({ env: {} });
    await withInstance(kitchen.port, async () => {
      const client = await open();
      await client.next();
      await call(kitchen.port, { path: '/die' }).catch(() => undefined);
      expect((await client.closed).code).toBe(1006);
    });
    await waitFor('release', () => lastOutcome() === 'instance-error');
    await kitchen.close();
  });

  test('a client that dies is 1006 at the instance', async () => {
    const { client, ended } = await pair();
    client.socket.terminate();
    expect((await ended).code).toBe(1006);
    await waitFor('release', () => lastOutcome() === 'client-error');
  });

  test('an instance that does not follow the end of its client is cut off', async () => {
    const stubborn = createServer();
    let instance: Socket | undefined;
    stubborn.on('upgrade', (_request, socket: Socket) => {
      instance = socket.on('error', () => undefined);
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    });
    await new Promise<void>((resolve) => stubborn.listen(0, '127.0.0.1', resolve));
    await withInstance(portOf(stubborn), async () => {
      const client = connect(router.port, '127.0.0.1').setEncoding('latin1');
      client.write(HANDSHAKE);
      const [text] = (await once(client, 'data')) as [string];
      expect(text).toMatch(/^HTTP\/1\.1 101 /);
      client.end();
      await waitFor('release', () => router.reservations.inUse === 0);
      client.destroy();
    });
    instance?.destroy();
    await new Promise((resolve) => stubborn.close(resolve));
  });

  test('a frame that is none is 1002', async () => {
    const { client, raw } = await pair();
    raw.write(Buffer.from([0x89, 126, 255, 255]));
    expect((await client.closed).code).toBe(1002);
    await waitFor('release', () => lastOutcome() === 'instance-error');
  });

  test('a connection that is refused is tried on another instance', async () => {
    const before = router.reservations.addresses;
    router.reservations.addresses = [
      { host: '127.0.0.1', port: 1 },
      { host: '127.0.0.1', port: 1 },
      ...before,
    ];
    const first = router.reservations.reserved.length;
    try {
      for (let i = 0; i < 3; i += 1) {
        const { client } = await pair();
        client.socket.close();
        await client.closed;
      }
      expect(router.reservations.reserved.slice(first).length).toBeGreaterThan(3);
    } finally {
      router.reservations.addresses = before;
    }
  });

  test('a client that hangs up while it waits for an instance leaves the queue', async () => {
    const worker = await startRouterWorker(
      routerOptions({
        host: '127.0.0.1',
        port: 0,
        routerId: 'waiting',
        redis: { url: redis.url, cluster: 'test' },
        user: 'alice',
        timeouts: drainingIn(500),
      }),
    );
    const outstanding = async (): Promise<number> => {
      const metrics = await worker.snapshot();
      return metrics.find(({ name }) => name === 'waiter_requests_outstanding')?.values[0]?.value ?? 0;
    };
    const opening = open({}, worker.port).catch((error: Error) => error);
    await waitFor('the request to wait', async () => (await outstanding()) === 1);
    const gone = connect(worker.port, '127.0.0.1');
    gone.write(HANDSHAKE);
    await waitFor('another one', async () => (await outstanding()) === 2);
    gone.destroy();
    await waitFor('it to be forgotten', async () => (await outstanding()) === 1);
    await worker.close();
    expect(await opening).toMatchObject({ status: 503 });
  });
});

describe('limits', () => {
  test('case 132: silence beyond x-waiter-timeout is 1011', async () => {
    const { client, ended } = await pair({ 'x-waiter-timeout': '400' });
    const startedAt = performance.now();
    expect((await client.closed).code).toBe(1011);
    expect(performance.now() - startedAt).toBeGreaterThan(350);
    expect((await ended).code).toBe(1011);
    await waitFor('release', () => lastOutcome() === 'client-error');
  });

  test('pings of either side keep the connection', async () => {
    const { client, instance } = await pair({ 'x-waiter-timeout': '400' });
    for (let i = 0; i < 6; i += 1) {
      await sleep(150);
      (i % 2 === 0 ? client.socket : instance).ping();
    }
    expect(client.socket.readyState).toBe(1);
    client.socket.close();
    await client.closed;
  });

  test('case 134: a message of more than 40 MiB from the instance is 1011, and nothing of it arrives', async () => {
    const { client, instance } = await pair();
    instance.send('before');
    instance.send(Buffer.alloc(41_943_041));
    const { code, reason } = await client.closed;
    expect(code).toBe(1011);
    expect(reason).toContain('exceeds maximum size');
    expect(client.messages).toEqual(['before']);
  });

  test('a message of exactly 40 MiB passes', async () => {
    const { client, instance } = await pair();
    instance.send(Buffer.alloc(41_943_040));
    expect((await client.next()).length).toBe(41_943_040);
    client.socket.close();
    await client.closed;
  });

  test('a message of more than 40 MiB from the client is 1009', async () => {
    const { client, instance, ended } = await pair();
    const received: number[] = [];
    instance.on('message', (data: Buffer) => received.push(data.length));
    client.socket.send('before');
    client.socket.send(Buffer.alloc(41_943_041));
    expect((await client.closed).code).toBe(1009);
    expect((await ended).code).toBe(1009);
    expect(received).toEqual([6]);
    await waitFor('release', () => lastOutcome() === 'client-error');
  });

  test('a connection is closed at its greatest age', async () => {
    const short = await startRouterUnderTest(redis.url, [portOf(server)], {
      webSockets: { idleTimeoutMs: 10_000, maxAgeMs: 300, maxMessageBytes: 1_000 },
    });
    const { client } = await pair({}, short.port);
    expect(await client.closed).toEqual({ code: 1008, reason: 'Cookie Expired' });
    await short.worker.close();
  });
});

describe('backpressure', () => {
  test('an instance that does not read slows its client down, then all arrives', async () => {
    const { client, instance, raw } = await pair();
    raw.pause();
    let received = 0;
    instance.on('message', (data: Buffer) => (received += data.length));
    for (let i = 0; i < 30; i += 1) client.socket.send(Buffer.alloc(1_000_000));
    await sleep(300);
    // What is not with the client any more is in sockets of the system, and a bounded rest in the router.
    expect(client.socket.bufferedAmount).toBeGreaterThan(10_000_000);
    raw.resume();
    await waitFor('every byte', () => received === 30_000_000);
    client.socket.close();
    await client.closed;
  });

  test('a client that does not read slows its instance down, then all arrives', async () => {
    const { client, instance } = await pair();
    client.socket.pause();
    for (let i = 0; i < 30; i += 1) instance.send(Buffer.alloc(1_000_000));
    await sleep(300);
    expect(instance.bufferedAmount).toBeGreaterThan(10_000_000);
    client.socket.resume();
    await waitFor('every message', () => client.messages.length === 30);
    client.socket.close();
    await client.closed;
  });

  test('x-waiter-streaming-timeout ends what is not taken, in both directions', async () => {
    const upload = await pair({ 'x-waiter-streaming-timeout': '300' });
    upload.raw.pause();
    for (let i = 0; i < 30; i += 1) upload.client.socket.send(Buffer.alloc(1_000_000));
    expect((await upload.client.closed).code).toBe(1006);
    await waitFor('release', () => lastOutcome() === 'instance-error');
    upload.instance.terminate();

    const download = await pair({ 'x-waiter-streaming-timeout': '300' });
    download.client.socket.pause();
    for (let i = 0; i < 30; i += 1) download.instance.send(Buffer.alloc(1_000_000));
    expect((await download.ended).code).toBe(1006);
    await waitFor('release', () => lastOutcome() === 'client-error');
    download.client.socket.terminate();
  });
});

describe('stops', () => {
  test('clients of an instance that is to stop are left alone for half of the time, then sent away with 1001', async () => {
    const other = await startRouterUnderTest(redis.url, [portOf(server)], {
      timeouts: drainingIn(1_000),
    });
    const { client, ended } = await pair({}, other.port);
    await sleep(1_200);
    expect(client.socket.readyState).toBe(1);
    const from = performance.now();
    other.reservations.draining = true;
    expect((await client.closed).code).toBe(1001);
    expect(performance.now() - from).toBeGreaterThan(490);
    expect((await ended).code).toBe(1001);
    await waitFor('release', () => other.reservations.outcomes.at(-1) === 'success');
    await other.worker.close();
  });

  test('the drain of a router sends its clients away with 1001; their last messages arrive', async () => {
    const other = await startRouterUnderTest(redis.url, [portOf(server)], {
      timeouts: drainingIn(4_000),
    });
    const pairs = [await pair({}, other.port), await pair({}, other.port)];
    const received: string[][] = pairs.map(({ instance }) => {
      const list: string[] = [];
      instance.on('message', (data: Buffer) => list.push(String(data)));
      return list;
    });
    const startedAt = performance.now();
    const closing = other.worker.close();
    let sent = 0;
    const timer = setInterval(() => {
      sent += 1;
      for (const { client } of pairs) if (client.socket.readyState === 1) client.socket.send(`m${sent}`);
    }, 5);
    for (const { client, ended } of pairs) {
      expect((await client.closed).code).toBe(1001);
      expect((await ended).code).toBe(1001);
    }
    clearInterval(timer);
    await closing;
    expect(performance.now() - startedAt).toBeLessThan(4_000);
    for (const list of received) expect(list).toEqual(list.map((_, i) => `m${i + 1}`));
    expect(other.reservations.outcomes).toEqual(['success', 'success']);
  });
});
