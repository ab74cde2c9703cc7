import { createServer, type Server, type ServerResponse } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { selfSigned } from '@waiter/kitchen';
import {
  startRedis,
  temporaryDirectory,
  waitFor,
  type RedisServer,
  type TemporaryDirectory,
} from '@waiter/testkit';
import { DEFAULT_ROUTER_TIMEOUTS, routerOptions, type RouterOptions } from './options';
import { RawHttp2 } from './testing/raw-http2';
import {
  ON_THE_FLY,
  startRouterUnderTest,
  testLanes,
  type RouterUnderTest,
} from './testing/router-under-test';
import { startRouterWorker } from './worker';

/** The end of a router: whoever is owed nothing does not hold it up, and whoever is owed something gets it. */
let redis: RedisServer;
let backend: Server;
let directory: TemporaryDirectory;
let tls: NonNullable<RouterOptions['tls']>;
const held: ServerResponse[] = [];
const opened: { destroy(): unknown }[] = [];

const SERVICE = Object.entries(ON_THE_FLY)
  .map(([name, value]) => `${name}: ${value}\r\n`)
  .join('');
const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${SERVICE}\r\n`;
/** Longer than any test takes: a drain that waits for its end fails. */
const timeouts = { ...DEFAULT_ROUTER_TIMEOUTS, drainTimeoutMs: 120_000 };

beforeAll(async () => {
  redis = await startRedis();
  backend = createServer((request, response) => {
    if (request.url === '/held') held.push(response);
    else response.end('backend');
  });
  await new Promise<void>((resolve) => backend.listen(0, '127.0.0.1', resolve));
  directory = await temporaryDirectory('waiter-drain');
  const { cert, key } = await selfSigned();
  const [certFile, keyFile] = [join(directory.path, 'crt'), join(directory.path, 'key')];
  await writeFile(certFile, cert);
  await writeFile(keyFile, key);
  tls = { port: 0, certificates: [{ certFile, keyFile }], minVersion: 'TLSv1.2', reloadMs: 60_000 };
});

afterEach(() => {
  for (const one of opened.splice(0)) one.destroy();
  held.splice(0);
});

afterAll(async () => {
  backend.closeAllConnections();
  await new Promise((resolve) => backend.close(resolve));
  await directory.remove();
  await redis.stop();
});

const start = (given: Partial<RouterOptions> = {}): Promise<RouterUnderTest> =>
  startRouterUnderTest(redis.url, [(backend.address() as AddressInfo).port], { timeouts, ...given });

interface Talk {
  readonly socket: Socket;
  text: string;
  closed: boolean;
}

function talk(socket: Socket, words: string): Talk {
  const made: Talk = { socket, text: '', closed: false };
  opened.push(socket);
  socket.on('error', () => undefined).on('close', () => (made.closed = true));
  socket.setEncoding('latin1').on('data', (piece: string) => (made.text += piece));
  if (words !== '') socket.write(words);
  return made;
}

const plain = (router: RouterUnderTest, words: string): Talk =>
  talk(connect(router.port, '127.0.0.1'), words);

test('connections without a request end, new ones, idle ones, and those with half a head', async () => {
  const router = await start();
  const idle = plain(router, get('/'));
  const silent = plain(router, '');
  const half = plain(router, 'GET / HTTP/1.1\r\nHost: loc');
  const halfAgain = plain(router, `${get('/')}GET / HTTP/1.1\r\nHo`);
  await waitFor('the answers', () => [idle, halfAgain].every(({ text }) => text.endsWith('backend')));
  await waitFor('the others to be there', () => !silent.socket.connecting && !half.socket.connecting);
  await router.worker.close();
  await waitFor('the clients to hear of it', () =>
    [idle, silent, half, halfAgain].every(({ closed }) => closed),
  );
  expect([idle.text.match(/^HTTP.1.1 \d+/gm), silent.text]).toEqual([['HTTP/1.1 200'], '']);
});

test('a request whose head is under way when the order comes is served, and its connection ends', async () => {
  const router = await start();
  const late = plain(router, get('/').slice(0, 40));
  const idle = plain(router, get('/'));
  await waitFor('the idle one', () => idle.text.endsWith('backend'));
  const closing = router.worker.close();
  late.socket.write(get('/').slice(40));
  await closing;
  await waitFor('its end', () => late.closed);
  expect(late.text).toMatch(/^HTTP\/1\.1 200 [^]*connection: close[^]*backend$/i);
});

test('what is in flight ends by itself, with all that follows it unread', async () => {
  const router = await start();
  const busy = plain(router, get('/held') + get('/never'));
  const session = connectHttp2(`http://127.0.0.1:${router.port}`);
  opened.push(session);
  const stream = session.request({ ':path': '/held', ...ON_THE_FLY });
  let [status, text, ended] = [0, '', false];
  stream.on('response', (head) => (status = head[':status'] ?? 0)).on('end', () => (ended = true));
  stream.setEncoding('latin1').on('data', (piece: string) => (text += piece));
  await waitFor('both', () => held.length === 2);
  const closing = router.worker.close();
  for (const response of held) response.end('late');
  await closing;
  await waitFor('their ends', () => busy.closed && ended);
  expect(busy.text).toMatch(/^HTTP\/1\.1 200 [^]*connection: close[^]*late$/i);
  expect([status, text]).toEqual([200, 'late']);
});

test('sessions of HTTP/2 are told with GOAWAY, also by clients that answer nothing', async () => {
  const router = await start();
  const deaf = await RawHttp2.open(router.port);
  opened.push(deaf.socket);
  const session = connectHttp2(`http://127.0.0.1:${router.port}`);
  opened.push(session);
  let [goaway, closed] = [false, false];
  session.on('goaway', () => (goaway = true)).on('close', () => (closed = true));
  await waitFor('settings', () => deaf.frames.length > 0 && !session.connecting);
  await router.worker.close();
  await waitFor('both to be told', () => goaway && closed && deaf.goaway === 0 && deaf.closed);
});

test('on the port of TLS too, and what has not finished its handshake', async () => {
  const router = await start({ tls });
  const port = router.worker.tlsPort ?? 0;
  const unshaken = talk(connect(port, '127.0.0.1'), '');
  const half = talk(
    connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }),
    'GET / HTTP/1.1\r\nHo',
  );
  const idle = talk(connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }), get('/'));
  await waitFor('the answer', () => idle.text.endsWith('backend'));
  await waitFor('the others', () => half.socket.bytesWritten > 0 && !unshaken.socket.connecting);
  await router.worker.close();
  await waitFor('all to be closed', () => [unshaken, half, idle].every((one) => one.closed));
});

test('a request that still waits for an instance when most of the time is over is told 503, and to come again', async () => {
  const worker = await startRouterWorker(
    routerOptions({
      host: '127.0.0.1',
      port: 0,
      routerId: 'draining',
      redis: { url: redis.url, cluster: 'test' },
      user: 'alice',
      lanes: { ...testLanes },
      timeouts: { ...DEFAULT_ROUTER_TIMEOUTS, drainTimeoutMs: 3_000 },
    }),
  );
  const waiting = talk(connect(worker.port, '127.0.0.1'), get('/'));
  await waitFor('it to wait', async () => {
    const metrics = await worker.snapshot();
    return metrics.find(({ name }) => name === 'waiter_requests_outstanding')?.values[0]?.value === 1;
  });
  await worker.close();
  await waitFor('its end', () => waiting.closed);
  expect(waiting.text).toMatch(/^HTTP\/1\.1 503 /);
  expect(waiting.text).toMatch(/\r\nretry-after: 1\r\n[^]*The router is shutting down; please retry/);
});
