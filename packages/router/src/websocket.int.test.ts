import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startKitchen, type RunningKitchen } from '@waiter/kitchen';
import {
  startRedis,
  temporaryDirectory,
  waitFor,
  type RedisServer,
  type TemporaryDirectory,
} from '@waiter/testkit';
import { call } from './testing/call';
import {
  authCookie,
  ON_THE_FLY,
  startRouterUnderTest,
  type RouterUnderTest,
} from './testing/router-under-test';
import { openSocket, Refused, type TestSocket } from './testing/websocket-client';

let redis: RedisServer;
let kitchen: RunningKitchen;
let router: RouterUnderTest;
let directory: TemporaryDirectory;
let logFile: string;

beforeAll(async () => {
  redis = await startRedis();
  kitchen = await startKitchen({ env: {} });
  directory = await temporaryDirectory('waiter-websocket-test');
  logFile = join(directory.path, 'requests.log');
  router = await startRouterUnderTest(redis.url, [kitchen.port], { requestLog: { file: logFile } });
});

afterAll(async () => {
  await router.worker.close();
  await kitchen.close();
  await redis.stop();
  await directory.remove();
});

afterEach(async () => {
  await waitFor('every slot to be released', () => router.reservations.inUse === 0);
});

interface Options extends NonNullable<Parameters<typeof openSocket>[1]> {
  readonly path?: string;
  /** False: the service is not described by headers. */
  readonly onTheFly?: boolean;
}
const open = ({ path = '/ws', onTheFly = true, ...options }: Options = {}): Promise<TestSocket> =>
  openSocket(`ws://127.0.0.1:${router.port}${path}`, {
    ...options,
    headers: { ...(onTheFly ? ON_THE_FLY : {}), ...options.headers },
  });
const refusal = async (options: Options = {}): Promise<Refused> => {
  const error: unknown = await open(options).then(
    () => new Error('it opened'),
    (reason: unknown) => reason,
  );
  if (error instanceof Refused) return error;
  throw error as Error;
};

describe('handshake', () => {
  test('case 125: greeting, headers at the instance, close 1000', async () => {
    const client = await open({ path: '/a/b?c=d', headers: { origin: 'http://127.0.0.1', 'x-cid': 'mine' } });
    expect(await client.next()).toBe('Connected to kitchen');
    expect(client.reply.headers).toMatchObject({ server: 'waiter/abcdef0', 'x-cid': 'mine' });
    client.socket.send('request-info');
    const info = JSON.parse(String(await client.next())) as {
      headers: Record<string, string>;
      'query-string': string;
      uri: string;
    };
    expect(info).toMatchObject({
      uri: '/a/b',
      'query-string': 'c=d',
      headers: {
        upgrade: 'websocket',
        'x-cid': 'mine',
        'x-waiter-auth-principal': 'alice',
        'x-waiter-authenticated-principal': 'alice',
        origin: 'http://127.0.0.1',
      },
    });
    expect(info.headers['authorization']).toMatch(/^Basic /);
    expect(info.headers).not.toHaveProperty('cookie');
    expect(Object.keys(info.headers).filter((name) => name.startsWith('x-waiter-cmd'))).toEqual([]);
    expect(router.reservations.inUse).toBe(1);
    client.socket.close(1000);
    expect((await client.closed).code).toBe(1000);
    await waitFor('release', () => router.reservations.outcomes.at(-1) === 'success');
  });

  test('case 124: without a cookie of ours the handshake is 403, whatever else is shown', async () => {
    const bearer = { authorization: 'Bearer a.b.c' };
    const forged = { cookie: 'x-waiter-auth=forged' };
    for (const headers of [{}, bearer, forged, { ...bearer, cookie: authCookie() }]) {
      const refused = await refusal({ as: null, headers });
      expect([refused.status, refused.headers['server']]).toEqual([403, 'waiter/abcdef0']);
      expect(refused.body).toContain('Unauthorized');
    }
    expect(router.reservations.inUse).toBe(0);
    // Others than WebSockets are as before.
    expect((await call(router.port, { headers: ON_THE_FLY })).status).toBe(200);
  });

  test('case 126: a token without authentication needs no cookie; case 129: and takes no description by header', async () => {
    await router.worker.store.tokens.write({
      name: 'open.example',
      data: {
        ...{ cmd: 'serve', cpus: 1, mem: 64, version: '1', 'run-as-user': 'alice', name: 't' },
        ...{ owner: 'alice', 'permitted-user': '*', authentication: 'disabled' },
      },
    });
    const to = { as: null, onTheFly: false } as const;
    const host = { host: 'open.example' };
    const client = await open({ ...to, headers: host });
    expect(await client.next()).toBe('Connected to kitchen');
    client.socket.send('request-info');
    const { headers } = JSON.parse(String(await client.next())) as { headers: Record<string, string> };
    expect(headers['x-cid']).toMatch(/\S/);
    for (const name of ['x-waiter-auth-principal', 'x-waiter-authenticated-principal']) {
      expect(headers).not.toHaveProperty(name);
    }
    client.socket.close();
    await client.closed;
    for (const [name, value, message] of [
      [
        'x-waiter-concurrency-level',
        '20',
        'An authentication disabled token may not be combined with on-the-fly headers',
      ],
      [
        'x-waiter-authentication',
        'disabled',
        'An authentication parameter is not supported for on-the-fly headers',
      ],
    ] as const) {
      const refused = await refusal({ ...to, headers: { ...host, [name]: value } });
      expect([refused.status, refused.body]).toEqual([400, expect.stringContaining(message)]);
    }
  });

  test('2.4: cookies, cache-control and pragma stay behind', async () => {
    const headers = { cookie: 'a=b', 'cache-control': 'no-cache', pragma: 'no-cache', 'x-mine': 'yes' };
    const client = await open({ headers });
    await client.next();
    client.socket.send('request-info');
    const { headers: seen } = JSON.parse(String(await client.next())) as { headers: Record<string, string> };
    expect(seen).toMatchObject({ 'x-mine': 'yes' });
    for (const name of ['cookie', 'cache-control', 'pragma']) expect(seen).not.toHaveProperty(name);
    client.socket.close();
    await client.closed;
  });

  test('case 130: one subprotocol is negotiated and seen by the instance; two that it does not choose from are refused', async () => {
    const client = await open({ protocols: ['Chat-1.0'] });
    expect(client.socket.protocol).toBe('Chat-1.0');
    client.socket.close();
    await client.closed;
    // The instance picks none of the two that are valid, so the client gives up.
    await expect(open({ protocols: ['Chat-1.0', 'Chat-2.0'] })).rejects.toThrow(/subprotocol/);
  });

  test('case 21: an unsupported header is 400', async () => {
    const refused = await refusal({ headers: { 'x-waiter-maintenance': 'v' } });
    expect([refused.status, refused.headers['server']]).toEqual([400, 'waiter/abcdef0']);
    expect(refused.body).toContain('Unsupported waiter headers found');
  });

  test('case 127: a token in maintenance is 503 with its message; case 128: https-redirect for ws, not for wss', async () => {
    const token = { cmd: 'serve', cpus: 1, mem: 64, version: '1', 'run-as-user': 'alice', name: 't' };
    const { tokens } = router.worker.store;
    await tokens.write({
      name: 'maintained.example',
      data: { ...token, owner: 'alice', maintenance: { message: 'gone fishing' } },
    });
    const refused = await refusal({ onTheFly: false, headers: { 'x-waiter-token': 'maintained.example' } });
    expect([refused.status, refused.headers['server']]).toEqual([503, 'waiter/abcdef0']);
    expect(refused.body).toContain('gone fishing');

    await tokens.write({
      name: 'secure.example',
      data: { ...token, owner: 'alice', 'https-redirect': true },
    });
    const headers = { host: 'secure.example' };
    const sent = await refusal({ onTheFly: false, headers });
    expect([sent.status, sent.headers['location']]).toEqual([301, 'https://secure.example/ws']);
    const client = await open({ onTheFly: false, headers: { ...headers, 'x-forwarded-proto': 'wss' } });
    expect(await client.next()).toBe('Connected to kitchen');
    client.socket.close();
    await client.closed;
  });

  test('debug headers, and a line in the request log', async () => {
    const client = await open({ headers: { 'x-waiter-debug': 'true', 'x-cid': 'logged-socket' } });
    expect(client.reply.headers).toMatchObject({
      'x-waiter-client-protocol': 'WS/13',
      'x-waiter-backend-id': 'instance.0',
      'x-waiter-backend-proto': 'http',
    });
    expect(client.reply.headers['x-waiter-request-id']).toMatch(/^ws-/);
    client.socket.close();
    await client.closed;
    const line = await waitFor('the line', async () =>
      (await readFile(logFile, 'utf8')).split('\n').find((text) => text.includes('logged-socket')),
    );
    const logged = JSON.parse(line) as Record<string, unknown>;
    expect(logged).toMatchObject({
      'request-type': 'websocket-upgrade',
      'client-protocol': 'WS/13',
      scheme: 'ws',
      'instance-id': 'instance.0',
    });
    expect(logged).not.toHaveProperty('status');
  });

  test('a cid is made where none is given', async () => {
    const client = await open();
    expect(client.reply.headers['x-cid']).toMatch(/\S/);
    client.socket.close();
    await client.closed;
  });
});

describe('messages', () => {
  test('case 135: 2 000 000 characters and bytes come back the same', async () => {
    const client = await open();
    await client.next();
    const text = randomBytes(1_000_000).toString('hex');
    client.socket.send(text);
    expect((await client.next()) === text).toBe(true);
    const bytes = randomBytes(2_000_000);
    client.socket.send(bytes);
    const echoed = await client.next();
    expect(Buffer.isBuffer(echoed) && echoed.equals(bytes)).toBe(true);
    client.socket.close();
    await client.closed;
  });

  test('case 136: 12 parallel streams with messages of 20 KB', async () => {
    const clients = await Promise.all(Array.from({ length: 12 }, () => open()));
    await Promise.all(
      clients.map(async (client) => {
        await client.next();
        for (let i = 0; i < 20; i += 1) {
          const message = randomBytes(20_000);
          client.socket.send(message);
          const echoed = await client.next();
          expect(Buffer.isBuffer(echoed) && echoed.equals(message)).toBe(true);
        }
        client.socket.close();
        await client.closed;
      }),
    );
  });

  test('a compressed connection, and ping and pong', async () => {
    const client = await open({ perMessageDeflate: true });
    await client.next();
    client.socket.send('x'.repeat(100_000));
    expect(String(await client.next()).length).toBe(100_000);
    const pong = new Promise<string>((resolve) =>
      client.socket.once('pong', (data) => resolve(String(data))),
    );
    client.socket.ping('are you there');
    expect(await pong).toBe('are you there');
    client.socket.close();
    await client.closed;
  });

  test('case 131: frames of the client keep the service in use', async () => {
    const client = await open();
    await client.next();
    const startedAt = Date.now();
    const before = router.reservations.touched.length;
    for (let i = 0; i < 4; i += 1) {
      client.socket.send('a');
      await client.next();
      await new Promise((resolve) => setTimeout(resolve, 120));
    }
    expect(router.reservations.touched.length).toBeGreaterThan(before);
    expect(Math.max(...router.reservations.touched)).toBeGreaterThanOrEqual(startedAt + 300);
    client.socket.close();
    await client.closed;
  });
});

describe('TLS', () => {
  test('5.5: backend-proto https is wss', async () => {
    const secure = await startKitchen({ env: {}, tls: 'self-signed' });
    const before = router.reservations.addresses;
    router.reservations.addresses = [{ host: '127.0.0.1', port: secure.port }];
    try {
      const client = await open({ headers: { 'x-waiter-backend-proto': 'https' } });
      expect(await client.next()).toBe('Connected to kitchen');
      client.socket.send('hello');
      expect(await client.next()).toBe('hello');
      client.socket.close();
      await client.closed;
    } finally {
      router.reservations.addresses = before;
      await secure.close();
    }
  });
});
