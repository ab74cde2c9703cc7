import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  rawRequest,
  startRedis,
  temporaryDirectory,
  waitFor,
  type RedisServer,
  type TemporaryDirectory,
} from '@waiter/testkit';
import { startRecordingBackend, type RecordingBackend } from './testing/recording-backend';
import { ON_THE_FLY, startRouterUnderTest, type RouterUnderTest } from './testing/router-under-test';

/** The request log tells the same of a request, whichever lane it takes, and however often it was asked before. */
let redis: RedisServer;
let backend: RecordingBackend;
let directory: TemporaryDirectory;
const routers: { router: RouterUnderTest; file: string }[] = [];

beforeAll(async () => {
  redis = await startRedis();
  backend = await startRecordingBackend();
  directory = await temporaryDirectory('request-log');
  for (const http1 of [true, false]) {
    const file = join(directory.path, String(http1));
    const router = await startRouterUnderTest(redis.url, [backend.port], {
      lanes: { http1 },
      requestLog: { file },
    });
    routers.push({ router, file });
  }
});

afterAll(async () => {
  for (const { router } of routers) await router.worker.close();
  await backend.close();
  await redis.stop();
  await directory.remove();
});

/** What differs between two requests that are the same. */
const VOLATILE = /^(?:request-id|request-time|server-port|response-header-count|.*-latency-ns)$/;

async function logged(index: number, requests: readonly string[]): Promise<Record<string, unknown>[]> {
  const { router, file } = routers[index] as (typeof routers)[number];
  await rawRequest(router.port, requests, { pauseMs: 20, timeoutMs: 5_000 });
  const lines = await waitFor('the lines', async () => {
    const all = (await readFile(file, 'utf8')).split('\n').slice(0, -1);
    return all.length >= requests.length && all.slice(-requests.length);
  });
  return lines.map((line) => {
    const fields = JSON.parse(line) as Record<string, unknown>;
    for (const name of [
      'get-instance-latency-ns',
      'backend-response-latency-ns',
      'handle-request-latency-ns',
    ])
      if (fields[name] !== undefined) expect(fields[name]).toBeGreaterThanOrEqual(0);
    return Object.fromEntries(Object.entries(fields).filter(([name]) => !VOLATILE.test(name)));
  });
}

test('11: both lanes write the same line, for the first request and for those like it', async () => {
  const service = Object.entries(ON_THE_FLY)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
  const request = (line: string, more: string): string =>
    `${line} HTTP/1.1\r\nHost: localhost\r\n${service}X-Cid: c\xe9"\r\n${more}\r\n`.replace(
      'local"host',
      'localhost',
    );
  const more = 'User-Agent: a "quoted" \xe9\r\nX-Forwarded-For: 1.2.3.4\r\nCookie: a=b\r\n';
  const requests = [
    request('GET /a?b="c"', more),
    request('GET /a?b="c"', more),
    request('GET /other', more),
    `${request('POST /b', `${more}Content-Length: 2\r\nContent-Type: text/x\r\n`)}ab`,
    request('GET /bad', 'x-waiter-cpus: bad\r\n'),
    request('GET /last', 'x-forwarded-proto: HTTPS"\r\nConnection: close\r\n'),
  ];
  const [lane, general] = [await logged(0, requests), await logged(1, requests)];
  expect(lane).toEqual(general);
  expect(lane[0]).toMatchObject({
    cid: 'c\xe9"',
    path: '/a',
    'query-string': 'b="c"',
    'user-agent': 'a "quoted" \xe9',
    'remote-addr': '1.2.3.4',
    status: 200,
    'instance-id': 'instance.0',
    'request-type': 'waiter-proxy',
  });
  expect(lane[4]).toMatchObject({ status: 400, path: '/bad' });
});
