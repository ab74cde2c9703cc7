import { createServer as createHttpServer } from 'node:http';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { rawRequest, startRedis, waitFor, type RedisServer } from '@waiter/testkit';
import { DEFAULT_ROUTER_TIMEOUTS } from '../../options';
import { ON_THE_FLY, startRouterUnderTest, type RouterUnderTest } from '../../testing/router-under-test';

/** Connections and their ends: what the suites that run through both lanes do not look at. */
let redis: RedisServer;
let router: RouterUnderTest;
const opened: { close(): unknown }[] = [];

const SERVICE = Object.entries(ON_THE_FLY)
  .map(([name, value]) => `${name}: ${value}\r\n`)
  .join('');
const request = (line: string, more = ''): string => `${line}\r\nHost: localhost\r\n${SERVICE}${more}\r\n`;
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/** An instance that speaks bytes. */
async function instance(serve: (socket: Socket, text: string) => void): Promise<void> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.setEncoding('latin1').on('data', (text: string) => serve(socket, text));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  opened.push(server);
  router.reservations.addresses = [{ host: '127.0.0.1', port: (server.address() as AddressInfo).port }];
}

beforeAll(async () => {
  redis = await startRedis();
  router = await startRouterUnderTest(redis.url, []);
});

afterEach(async () => {
  await waitFor('every slot to be released', () => router.reservations.inUse === 0);
});

afterAll(async () => {
  await router.worker.close();
  for (const server of opened) server.close();
  await redis.stop();
});

test('a head and a chunked body that arrive byte by byte', async () => {
  let seen = '';
  await instance((socket, text) => {
    seen += text;
    if (seen.endsWith('0\r\n\r\n')) socket.write(OK);
  });
  const text = `${request('POST / HTTP/1.1', 'Transfer-Encoding: chunked\r\n')}3;x\r\nabc\r\n0\r\nT: 1\r\n\r\n`;
  const reply = await rawRequest(router.port, [...text], { until: /ok$/, pauseMs: 0, timeoutMs: 8_000 });
  expect(reply.text).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*ok$/);
  expect(seen.split('\r\n\r\n').slice(1).join('\r\n\r\n')).toBe('3\r\nabc\r\n0\r\n\r\n');
});

test('a request line with two spaces is refused, on a new connection and on one that lives', async () => {
  let requests = 0;
  await instance((socket) => {
    requests += 1;
    socket.write(OK);
  });
  const bad = request('GET  / HTTP/1.1');
  for (const line of ['GET  / HTTP/1.1', 'GET /  HTTP/1.1', ' GET / HTTP/1.1', 'GET / HTTP/1.1 ']) {
    expect((await rawRequest(router.port, request(line))).text).toMatch(/^HTTP\/1\.1 400 /);
  }
  expect(requests).toBe(0);
  const pieces = [...Array<string>(3).fill(request('GET / HTTP/1.1')), bad];
  const { text } = await rawRequest(router.port, pieces, { pauseMs: 20 });
  expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual([...Array<string>(3).fill('HTTP/1.1 200'), 'HTTP/1.1 400']);
  expect(requests).toBe(3);
});

test('a request line longer than a head may be is 414', async () => {
  const { text, ended } = await rawRequest(router.port, request(`GET /${'x'.repeat(40_000)} HTTP/1.1`), {
    timeoutMs: 5_000,
  });
  expect(text).toMatch(/^HTTP\/1\.1 414 URI Too Long\r\n/);
  expect(text).toContain('The request line is too long');
  expect(ended).toBe('closed');
});

test('a client is promised less idle time than its connection gets', async () => {
  await instance((socket) => socket.write(OK));
  const reply = await rawRequest(router.port, request('GET / HTTP/1.1'), { until: /ok$/ });
  const seconds = Number(/^Keep-Alive: timeout=(\d+)\r$/im.exec(reply.text)?.[1]);
  expect(seconds).toBe(DEFAULT_ROUTER_TIMEOUTS.clientIdleTimeoutMs / 1_000 - 1);
});

test('pipelined requests with bodies are served in order, one at a time', async () => {
  let inFlight = 0;
  const bodies: string[] = [];
  const server = createHttpServer((incoming, response) => {
    inFlight += 1;
    let body = '';
    incoming.setEncoding('latin1').on('data', (piece: string) => (body += piece));
    incoming.on('end', () => {
      bodies.push(`${inFlight} ${body}`);
      setTimeout(() => response.end(`<${body}>`, () => (inFlight -= 1)), 5);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  opened.push(server);
  router.reservations.addresses = [{ host: '127.0.0.1', port: (server.address() as AddressInfo).port }];
  const post = (body: string): string =>
    `${request('POST / HTTP/1.1', `Content-Length: ${body.length}\r\n`)}${body}`;
  const { text } = await rawRequest(router.port, post('a') + post('bb') + post('ccc'), { until: /<ccc>/ });
  expect(text.match(/<\w+>/g)).toEqual(['<a>', '<bb>', '<ccc>']);
  expect(bodies).toEqual(['1 a', '1 bb', '1 ccc']);
  server.closeAllConnections();
});

test('a kept-alive connection goes to the general lane at the request that needs it', async () => {
  await instance((socket, text) => socket.write(text.startsWith('GET') || text.includes('ab') ? OK : ''));
  const { text } = await rawRequest(
    router.port,
    [
      request('GET /1 HTTP/1.1'),
      `${request('POST /2 HTTP/1.1', 'Expect: 100-continue\r\nContent-Length: 2\r\n')}ab${request('GET /3 HTTP/1.0')}`,
    ],
    { pauseMs: 50 },
  );
  expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual([
    'HTTP/1.1 200',
    'HTTP/1.1 100',
    'HTTP/1.1 200',
    'HTTP/1.1 200',
  ]);
});

test('a client that ends its side after a whole request still gets the response', async () => {
  await instance((socket) => void setTimeout(() => socket.write(OK), 50));
  const client = connect({ port: router.port, host: '127.0.0.1', allowHalfOpen: true }).setEncoding('latin1');
  let text = '';
  let ended = false;
  client.on('data', (piece: string) => (text += piece)).on('end', () => (ended = true));
  client.end(request('GET / HTTP/1.1'));
  await waitFor('the response', () => text.endsWith('ok') && ended);
  expect(text).toContain('Connection: close');
  client.destroy();
});

test('103 goes through, 100 does not (RFC 9110 15.2)', async () => {
  await instance((socket) => {
    socket.write(`HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${OK}`);
  });
  const { text } = await rawRequest(router.port, request('GET / HTTP/1.1'), { until: /ok$/ });
  expect(text).toMatch(/^HTTP\/1\.1 103 Early Hints\r\nLink: <\/a>\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
});

test('bytes after a reply, or on an idle connection, are nobody’s reply', async () => {
  let connections = 0;
  const ports = new Set<unknown>();
  await instance((socket) => {
    if (!ports.has(socket)) connections += 1;
    ports.add(socket);
    socket.write(`${OK}${connections === 1 ? 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged' : ''}`);
    if (connections === 2)
      setTimeout(() => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged'), 10);
  });
  for (let i = 0; i < 3; i += 1) {
    const { text } = await rawRequest(router.port, request('GET / HTTP/1.1'), { until: /ok$|forged/ });
    expect(text).toMatch(/ok$/);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect(connections).toBe(3);
});

test('an early reply ends the exchange; the rest of the upload is dropped, and the connection goes on', async () => {
  await instance((socket) => socket.write(OK));
  const { text } = await rawRequest(
    router.port,
    [
      `${request('POST / HTTP/1.1', 'Content-Length: 10\r\n')}12345`,
      `67890${request('GET /next HTTP/1.1', 'Connection: close\r\n')}`,
    ],
    { pauseMs: 100 },
  );
  expect(text.match(/\r\n\r\nok/g)).toHaveLength(2);
  expect(router.reservations.outcomes.slice(-2)).toEqual(['success', 'success']);
});

test('a slow head is 408; an idle connection is closed', async () => {
  const timeouts = { ...DEFAULT_ROUTER_TIMEOUTS, requestHeadTimeoutMs: 200, clientIdleTimeoutMs: 300 };
  const impatient = await startRouterUnderTest(redis.url, [], { timeouts });
  impatient.reservations.addresses = router.reservations.addresses;
  await instance((socket) => socket.write(OK));
  impatient.reservations.addresses = router.reservations.addresses;
  const slow = await rawRequest(impatient.port, 'GET / HTTP/1.1\r\nHost:', { timeoutMs: 5_000 });
  expect(slow.text).toMatch(/^HTTP\/1\.1 408 /);
  const idle = await rawRequest(impatient.port, request('GET / HTTP/1.1'), { timeoutMs: 5_000 });
  expect([idle.text.slice(-2), idle.ended]).toEqual(['ok', 'closed']);
  await impatient.worker.close();
});

test('drain: what is idle ends, what is in flight ends with its response', async () => {
  const draining = await startRouterUnderTest(redis.url, []);
  let answer = (): void => undefined;
  await instance((socket, text) => {
    if (text.startsWith('GET /slow')) answer = () => void socket.write(OK);
    else socket.write(OK);
  });
  draining.reservations.addresses = router.reservations.addresses;
  const idle = rawRequest(draining.port, request('GET / HTTP/1.1'), { timeoutMs: 5_000 });
  const busy = rawRequest(draining.port, request('GET /slow HTTP/1.1'), { timeoutMs: 5_000 });
  await waitFor(
    'the slow request',
    () => draining.reservations.inUse === 1 && draining.reservations.outcomes.length === 1,
  );
  const closed = draining.worker.close();
  expect((await idle).ended).toBe('closed');
  answer();
  expect((await busy).text).toMatch(/Connection: close\r\n\r\nok$/);
  await closed;
});
