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
import { callHttp2 } from './testing/call-http2';
import { ON_THE_FLY, startRouterUnderTest, type RouterUnderTest } from './testing/router-under-test';
import { openSocket } from './testing/websocket-client';

/** What instances, clients and operators learn of a request is the same in every lane. */
let redis: RedisServer;
let kitchen: RunningKitchen;
let directory: TemporaryDirectory;
const routers: RouterUnderTest[] = [];

beforeAll(async () => {
  redis = await startRedis();
  kitchen = await startKitchen({ env: {} });
  directory = await temporaryDirectory('lanes');
  for (const http1 of [true, false]) {
    routers.push(
      await startRouterUnderTest(redis.url, [kitchen.port], {
        lanes: { http1 },
        requestLog: { file: fileOf(http1) },
        serverTiming: http1,
      }),
    );
  }
});
afterAll(async () => {
  for (const { worker } of routers) await worker.close();
  await kitchen.close();
  await redis.stop();
  await directory.remove();
});

const fileOf = (http1: boolean): string => join(directory.path, `http1-${http1}`);
const router = (http1: boolean): RouterUnderTest => routers[http1 ? 0 : 1] as RouterUnderTest;
let serial = 0;

interface Told {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  /** `request-info` of the kitchen. */
  readonly text: string;
}
type Ask = (http1: boolean, path: string, headers: Record<string, string>) => Promise<Told>;

const FRONTS: Readonly<Record<string, { readonly http1: boolean; readonly ask: Ask }>> = {
  'http1 lane': {
    http1: true,
    ask: (http1, path, headers) => call(router(http1).port, { path, headers: { host: 'h', ...headers } }),
  },
  'general lane': {
    http1: false,
    ask: (http1, path, headers) => call(router(http1).port, { path, headers: { host: 'h', ...headers } }),
  },
  'HTTP/2': {
    http1: true,
    ask: (http1, path, headers) =>
      callHttp2(router(http1).port, { path, headers: { ':authority': 'h', ...headers } }),
  },
  WebSocket: {
    http1: true,
    ask: async (http1, path, headers) => {
      const { socket, reply, next, closed } = await openSocket(
        `ws://127.0.0.1:${router(http1).port}${path}`,
        {
          headers: { host: 'h', ...headers },
        },
      );
      await next();
      socket.send('request-info');
      const text = String(await next());
      socket.close();
      await closed;
      return { status: reply.statusCode ?? 0, headers: reply.headers, text };
    },
  },
};

/** A line of the request log, by its correlation id. */
async function lineOf(http1: boolean, cid: string): Promise<Record<string, unknown>> {
  return waitFor(`the line of ${cid}`, async () => {
    const lines = (await readFile(fileOf(http1), 'utf8')).split('\n').slice(0, -1);
    const all = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    return all.find((line) => line['cid'] === cid);
  });
}

describe.each(Object.entries(FRONTS))('%s', (name, { http1, ask }) => {
  const isWebSocket = name === 'WebSocket';
  const protocol = name === 'HTTP/2' ? 'HTTP/2.0' : 'HTTP/1.1';
  /** Spec: request-path 1.3. */
  const spoken = isWebSocket ? 'WS/13' : protocol;

  test('ids and trace context go to the instance, via and debug headers to the client', async () => {
    const cid = `lane-${(serial += 1)}`;
    const trace = {
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      tracestate: 'congo=t61rcWkgMzE',
      baggage: 'a=1',
    };
    // Twice: the second request may be one of a known kind.
    for (let times = 0; times < 2; times += 1) {
      const told = await ask(http1, '/request-info', {
        ...ON_THE_FLY,
        ...trace,
        'x-cid': cid,
        'x-waiter-debug': 'true',
      });
      expect(told.status).toBe(isWebSocket ? 101 : 200);
      const seen = JSON.parse(told.text) as { headers: Record<string, unknown> };
      expect(seen.headers).toMatchObject({ ...trace, 'x-cid': cid, via: `${spoken} waiter/abcdef0` });
      expect(Object.keys(seen.headers).filter((header) => /^x-waiter-(?!auth)/.test(header))).toEqual([]);
      expect(told.headers).toMatchObject({ 'x-cid': cid, via: 'HTTP/1.1 waiter/abcdef0' });
      expect(Object.keys(told.headers)).toEqual(
        expect.arrayContaining([
          ...['id', 'host', 'port', 'proto', 'response-ns'].map((one) => `x-waiter-backend-${one}`),
          ...['get-available-instance-ns', 'router-id', 'service-id', 'request-id', 'request-date'].map(
            (one) => `x-waiter-${one}`,
          ),
          ...['queue', 'socket', 'streaming'].map((one) => `x-waiter-${one}-timeout-ms`),
          ...['method', 'principal', 'user'].map((one) => `x-waiter-auth-${one}`),
        ]),
      );
      expect(told.headers).toMatchObject({
        'x-waiter-client-protocol': spoken,
        'x-waiter-internal-protocol': protocol,
      });
    }
  });

  test('Server-Timing where it is switched on, and only there', async () => {
    const { headers } = await ask(http1, '/request-info', { ...ON_THE_FLY });
    const other = await ask(!http1, '/request-info', { ...ON_THE_FLY });
    const timing = /^waiter-queue;dur=0\.25, waiter-instance;dur=[\d.]+, waiter-total;dur=[\d.]+$/;
    const [on, off] = http1 ? [headers, other.headers] : [other.headers, headers];
    expect(on['server-timing']).toMatch(timing);
    expect(off).not.toHaveProperty('server-timing');
    expect(Object.keys(on).filter((header) => header.startsWith('x-waiter-'))).toEqual([]);
  });

  test('11: the same fields of the request log', async () => {
    const cid = `lane-${(serial += 1)}`;
    await ask(http1, '/request-info?a=b', {
      ...ON_THE_FLY,
      'x-cid': cid,
      'x-waiter-metadata-a': 'b',
      'user-agent': 'lanes',
      referer: 'somewhere',
      origin: 'http://h',
      'x-forwarded-for': '1.2.3.4',
    });
    const line = await lineOf(http1, cid);
    expect(line).toMatchObject({
      ...{ cid, host: 'h', path: '/request-info', 'query-string': 'a=b', method: 'GET' },
      ...{ 'client-protocol': spoken, 'internal-protocol': protocol, 'user-agent': 'lanes' },
      scheme: isWebSocket ? 'ws' : 'http',
      ...{ referer: 'somewhere', origin: 'http://h', 'remote-addr': '1.2.3.4' },
      ...{ principal: 'alice', 'instance-id': 'instance.0', 'instance-host': '127.0.0.1' },
      ...{ 'instance-port': kitchen.port, 'instance-proto': 'http', 'backend-protocol': 'HTTP/1.1' },
      ...{ 'service-name': 'under-test', 'service-version': '1', 'fallback-triggered': false },
      ...{ 'run-as-user': 'alice', 'waiter-api': false, 'metric-group': 'other' },
      'request-type': isWebSocket ? 'websocket-upgrade' : 'waiter-proxy',
      ...(isWebSocket ? {} : { status: 200 }),
    });
    expect(Object.keys(line)).toEqual(
      expect.arrayContaining([
        ...['request-id', 'request-time', 'request-header-count', 'response-header-count', 'server-port'],
        ...['service-id', 'latest-service-id', 'authentication-method'],
        ...['get-instance-latency-ns', 'backend-response-latency-ns', 'handle-request-latency-ns'],
      ]),
    );
  });

  test('11: fields that a service wants to be left out are', async () => {
    const cid = `lane-${(serial += 1)}`;
    const headers = {
      ...ON_THE_FLY,
      'x-waiter-env-waiter_config_redacted_request_fields': 'path, query-string,referer',
      'x-cid': cid,
      referer: 'somewhere',
    };
    await ask(http1, '/request-info?secret=1', headers);
    const line = await lineOf(http1, cid);
    for (const field of ['path', 'query-string', 'referer']) expect(line).not.toHaveProperty(field);
    expect(line).toMatchObject({ cid, method: 'GET', 'service-name': 'under-test' });
  });
});

test('11: requests for Waiter itself have a line too', async () => {
  for (const http1 of [true, false]) {
    const cid = `lane-${(serial += 1)}`;
    await call(router(http1).port, { path: '/status', headers: { host: 'localhost', 'x-cid': cid } });
    expect(await lineOf(http1, cid)).toMatchObject({
      ...{ 'request-type': 'waiter-api', 'waiter-api': true, path: '/status', status: 404 },
    });
  }
});
