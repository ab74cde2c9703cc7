import { createServer, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import { startRedis, waitFor, type RedisServer } from '@waiter/testkit';
import { FLAG, FRAME, frame, headerBlock, RawHttp2 } from '../../testing/raw-http2';
import { ON_THE_FLY, startRouterUnderTest, type RouterUnderTest } from '../../testing/router-under-test';

/**
 * Request smuggling by downgrade: HTTP/2 carries names and values in which HTTP/1.1 would see the end of a line, of a head or of
 * a message. An instance of HTTP/1.1 gets either nothing of such a request, or exactly one request of one head.
 */
type Field = readonly [string, string];

const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n';
const HEAD: readonly Field[] = [
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', '/'],
  [':authority', 'localhost'],
  ...Object.entries(ON_THE_FLY),
];
const replaced = (name: string, value: string): readonly Field[] =>
  HEAD.map((field) => (field[0] === name ? [name, value] : field));

let redis: RedisServer;
let backend: Server;
let router: RouterUnderTest;
/** Everything the instance was sent. */
let received = '';

beforeAll(async () => {
  redis = await startRedis();
  backend = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      received += bytes.toString('latin1');
      if (received.includes('\r\n\r\n')) socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
    });
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => backend.once('listening', resolve));
  router = await startRouterUnderTest(redis.url, [(backend.address() as AddressInfo).port]);
});
afterAll(async () => {
  await router.worker.close();
  backend.close();
  await redis.stop();
});
beforeEach(() => (received = ''));

async function ask(fields: readonly Field[], body?: string): Promise<void> {
  const client = await RawHttp2.open(router.port);
  const data = body === undefined ? [] : [frame(FRAME.DATA, FLAG.END_STREAM, 1, Buffer.from(body))];
  const flags = FLAG.END_HEADERS | (body === undefined ? FLAG.END_STREAM : 0);
  // In one write: a stream can be over before anybody has seen it.
  client.send(frame(FRAME.HEADERS, flags, 1, headerBlock(fields)), ...data);
  const isOver = (): boolean =>
    client.closed ||
    client.reset(1) !== undefined ||
    client.goaway !== undefined ||
    client.frames.some(
      ({ type, flags, stream }) => stream === 1 && type <= FRAME.HEADERS && (flags & 1) === 1,
    );
  await waitFor('an answer', isOver);
  client.socket.destroy();
}

test('a sound request arrives', async () => {
  await ask(HEAD);
  expect(received).toMatch(/^POST \/ HTTP\/1\.1\r\n/);
});

test.each<[string, readonly Field[]]>([
  ['CR LF in a value', [...HEAD, ['x-a', `b\r\nTransfer-Encoding: chunked`]]],
  ['a whole request in a value', [...HEAD, ['x-a', `b\r\n\r\n${SMUGGLED}`]]],
  ['LF in a value', [...HEAD, ['x-a', 'b\nTransfer-Encoding: chunked']]],
  ['CR in a value', [...HEAD, ['x-a', 'b\rTransfer-Encoding: chunked']]],
  ['NUL in a value', [...HEAD, ['x-a', 'b\0c']]],
  ['CR LF in a name', [...HEAD, ['x-a: b\r\ntransfer-encoding', 'chunked']]],
  ['a colon in a name', [...HEAD, ['x-a:b', 'c']]],
  ['a space in a name', [...HEAD, ['x a', 'b']]],
  ['upper case in a name', [...HEAD, ['Transfer-Encoding', 'chunked']]],
  ['an empty name', [...HEAD, ['', 'b']]],
  ['CR LF in the path', replaced(':path', `/ HTTP/1.1\r\nX-A: b\r\n\r\n${SMUGGLED}`)],
  ['a space in the path', replaced(':path', '/ HTTP/1.1')],
  ['CR LF in the method', replaced(':method', `GET / HTTP/1.1\r\n\r\n${SMUGGLED}`)],
  ['a space in the method', replaced(':method', 'GET /smuggled')],
  ['CR LF in the authority', replaced(':authority', `localhost\r\n\r\n${SMUGGLED}`)],
  ['Transfer-Encoding', [...HEAD, ['transfer-encoding', 'chunked']]],
  ['Connection', [...HEAD, ['connection', 'keep-alive']]],
  ['two content lengths', [...HEAD, ['content-length', '0'], ['content-length', '5']]],
  ['a second path', [...HEAD, [':path', '/smuggled']]],
  ['a pseudo-header after the others', [...HEAD, ['x-a', 'b'], [':path', '/smuggled']]],
])('h2 downgrade: %s', async (_name, fields) => {
  await ask(fields, SMUGGLED);
  // Refused, or less the field that cannot be: then one request, whose body is a body.
  if (received === '') return;
  const [head = '', ...rest] = received.split('\r\n\r\n');
  const [line, ...lines] = head.split('\r\n');
  expect(line).toBe('POST / HTTP/1.1');
  expect(lines.filter((each) => !/^[\w-]+: [ -~]*$/.test(each))).toEqual([]);
  expect(lines.filter((each) => /^(?:x-?.?a|transfer-encoding|content-length)\b/i.test(each))).toEqual([
    'transfer-encoding: chunked',
  ]);
  await waitFor('the body', () => received.endsWith('0\r\n\r\n'));
  expect(rest.join('\r\n\r\n')).toMatch(/^2b\r\nGET \/smuggled/);
});

test('h2 downgrade: a body longer than its content-length never is a message of its own', async () => {
  await ask([...HEAD, ['content-length', '5']], `12345${SMUGGLED}`);
  const [, body = ''] = received.split('\r\n\r\n');
  expect(body.length).toBeLessThanOrEqual(5);
  expect(received).not.toContain('/smuggled');
});

test('h2 downgrade: a body that looks like a request stays a body', async () => {
  await ask(HEAD, SMUGGLED);
  await waitFor('the body', () => received.includes('0\r\n\r\n'));
  const [head = ''] = received.split('\r\n\r\n');
  expect(head.toLowerCase()).toContain('transfer-encoding: chunked');
  expect(received).toContain(`${SMUGGLED.length.toString(16)}\r\n${SMUGGLED}\r\n0\r\n\r\n`);
});
