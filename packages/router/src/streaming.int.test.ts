import { once } from 'node:events';
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { connect, createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import { startKitchen } from '@waiter/kitchen';
import { rawRequest, sleep, startRedis, waitFor, type RedisServer } from '@waiter/testkit';
import { DEFAULT_ROUTER_TIMEOUTS } from './options';
import { call } from './testing/call';
import {
  authCookie,
  ON_THE_FLY,
  startRouterUnderTest,
  type RouterUnderTest,
} from './testing/router-under-test';

let redis: RedisServer;
let router: RouterUnderTest;
let backend: Server;
let behave: (request: IncomingMessage, response: ServerResponse) => void;

const SERVICE = Object.entries(ON_THE_FLY)
  .map(([name, value]) => `${name}: ${value}\r\n`)
  .join('');
const GET = `GET / HTTP/1.1\r\nHost: localhost\r\n${SERVICE}\r\n`;

beforeAll(async () => {
  backend = createServer((request, response) => behave(request, response));
  await new Promise<void>((resolve) => backend.listen(0, '127.0.0.1', resolve));
  redis = await startRedis();
  router = await startRouterUnderTest(redis.url, [portOf(backend)]);
});

afterEach(async () => {
  await waitFor('every slot to be released', () => router.reservations.inUse === 0);
});

afterAll(async () => {
  await router.worker.close();
  backend.closeAllConnections();
  await new Promise((resolve) => backend.close(resolve));
  await redis.stop();
});

const portOf = (server: { address(): unknown }): number => (server.address() as AddressInfo).port;
const lastOutcome = () => router.reservations.outcomes.at(-1);

async function withAddress<T>(port: number, work: () => Promise<T>): Promise<T> {
  const before = router.reservations.addresses;
  router.reservations.addresses = [{ host: '127.0.0.1', port }];
  try {
    return await work();
  } finally {
    router.reservations.addresses = before;
  }
}

describe('responses', () => {
  test('the head and the first byte arrive before the response ends', async () => {
    let finish = (): void => undefined;
    behave = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.flushHeaders();
      finish = () => response.end('last');
      setTimeout(() => response.write('first'), 20);
    };
    const outgoing = httpRequest({ port: router.port, headers: ON_THE_FLY, agent: false }).end();
    const [reply] = (await once(outgoing, 'response')) as [IncomingMessage];
    let text = '';
    reply.on('data', (piece: Buffer) => (text += String(piece)));
    await waitFor('the first piece', () => text === 'first');
    finish();
    await waitFor('the end', () => text === 'firstlast' && reply.complete);
  });

  test('trailers are relayed', async () => {
    behave = (_request, response) => {
      response.writeHead(200, { trailer: 'x-sum' });
      response.write('body');
      setTimeout(() => {
        response.addTrailers({ 'X-Sum': '42' });
        response.end();
      }, 50);
    };
    const reply = await call(router.port, { headers: ON_THE_FLY });
    expect([reply.text, reply.trailers]).toEqual(['body', { 'x-sum': '42' }]);
  });

  test('repeated headers stay repeated, hop-by-hop ones stay behind', async () => {
    behave = (_request, response) => {
      response.writeHead(201, 'Made', [
        ['X-One', 'a'],
        ['X-One', 'b'],
        ['Connection', 'close, X-Hop'],
        ['X-Hop', '1'],
        ['Keep-Alive', 'timeout=9'],
        ['Content-Length', '2'],
      ] as unknown as string[]);
      response.end('ok');
    };
    const { text } = await rawRequest(router.port, GET, { until: /ok$/ });
    expect(text).toMatch(/^HTTP\/1\.1 201 Made\r\nX-One: a\r\nX-One: b\r\n/);
    expect(text).not.toMatch(/x-hop|timeout=9|connection: close|transfer-encoding/i);
  });

  test('a slow client slows the instance down, and gets every byte', async () => {
    const total = 20_000_000;
    let written = 0;
    behave = (_request, response) => {
      const piece = Buffer.alloc(100_000, 'z');
      const pump = (): void => {
        while (written < total) {
          written += piece.length;
          if (!response.write(piece)) return void response.once('drain', pump);
        }
        response.end();
      };
      pump();
    };
    const client = connect(router.port, '127.0.0.1');
    client.write(GET);
    await once(client, 'readable');
    await sleep(200);
    // Without back-pressure the whole response would sit in the router by now.
    expect(written).toBeLessThan(total);
    let received = 0;
    client.on('data', (piece: Buffer) => (received += piece.length));
    await waitFor('every byte', () => received > total);
    client.destroy();
  });

  test('case 28: 40 MB in chunks to a client that pauses for longer than it usually may, and says so', async () => {
    const chunks = 4_000;
    const chunk = Buffer.alloc(10_000, 'z');
    let sent = 0;
    behave = (_request, response) => {
      const pump = (): void => {
        while (sent < chunks) {
          sent += 1;
          if (!response.write(chunk)) return void response.once('drain', pump);
        }
        response.end();
      };
      pump();
    };
    const impatient = await startRouterUnderTest(redis.url, [portOf(backend)], {
      timeouts: { ...DEFAULT_ROUTER_TIMEOUTS, streamingTimeoutMs: 200 },
    });
    const outgoing = httpRequest({
      port: impatient.port,
      headers: { ...ON_THE_FLY, 'x-waiter-streaming-timeout': '40000' },
      agent: false,
    }).end();
    const [reply] = (await once(outgoing, 'response')) as [IncomingMessage];
    let received = 0;
    reply.once('data', () => reply.pause());
    reply.on('data', (piece: Buffer) => (received += piece.length));
    await waitFor('the first bytes', () => received > 0);
    await sleep(1_500);
    expect(sent).toBeLessThan(chunks);
    reply.resume();
    await waitFor('every byte', () => reply.complete, { timeoutMs: 30_000 });
    expect(received).toBe(chunks * chunk.length);
    await impatient.worker.close();
  });

  test('the streaming timeout ends a response that its client does not read', async () => {
    let broken = false;
    behave = (_request, response) => {
      response.on('close', () => (broken = !response.writableFinished));
      const pump = (): void => {
        while (response.write(Buffer.alloc(100_000))) if (response.destroyed) return;
        response.once('drain', pump);
      };
      pump();
    };
    const client = connect(router.port, '127.0.0.1');
    client.on('error', () => undefined);
    client.write(GET.replace('\r\n\r\n', '\r\nx-waiter-streaming-timeout: 150\r\n\r\n'));
    await waitFor('the exchange to be broken off', () => broken);
    await waitFor('release', () => router.reservations.inUse === 0);
    expect(lastOutcome()).toBe('client-error');
    client.destroy();
  });

  test('http-proxy fault 2: an instance that breaks off mid-body breaks the client off, and frees the slot', async () => {
    for (const framing of [{}, { 'content-length': '1000' }]) {
      behave = (_request, response) => {
        response.writeHead(200, framing);
        response.write('some bytes');
        setTimeout(() => response.destroy(), 20);
      };
      const reply = await call(router.port, { headers: ON_THE_FLY });
      expect([reply.status, reply.text, reply.complete]).toEqual([200, 'some bytes', false]);
      expect(lastOutcome()).toBe('instance-error');
    }
  });

  test('a response head that cannot be relayed is 502', async () => {
    const odd = createTcpServer((socket: Socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nX-\x01: a\r\ncontent-length: 2\r\n\r\nok'));
    });
    await new Promise<void>((resolve) => odd.listen(0, '127.0.0.1', resolve));
    const reply = await withAddress(portOf(odd), () => call(router.port, { headers: ON_THE_FLY }));
    expect(reply.status).toBe(502);
    expect(reply.text).toContain('Request to service backend failed');
    await new Promise((resolve) => odd.close(resolve));
  });
});

describe('aborts', () => {
  test('http-proxy fault 1 and case 57: a client that hangs up ends the exchange with the instance', async () => {
    const kitchen = await startKitchen({ env: {} });
    await withAddress(kitchen.port, async () => {
      const headers = { 'x-kitchen-chunk-delay': '10', 'x-kitchen-chunk-size': '1000' };
      const outgoing = httpRequest({
        port: router.port,
        path: '/chunked',
        headers: { ...ON_THE_FLY, ...headers },
        agent: false,
      });
      outgoing.on('error', () => undefined).end();
      const [reply] = (await once(outgoing, 'response')) as [IncomingMessage];
      reply.on('error', () => undefined);
      await once(reply, 'data');
      expect(router.reservations.inUse).toBe(1);
      outgoing.destroy();
      const pending = async (): Promise<boolean> => {
        const state = await call(kitchen.port, { path: '/kitchen-state' });
        return (JSON.parse(state.text) as Record<string, number>)['pending-http-requests'] === 0;
      };
      await waitFor('the kitchen to be idle', pending);
    });
    await waitFor('release', () => router.reservations.inUse === 0);
    expect(lastOutcome()).toBe('client-error');
    await kitchen.close();
  });

  test('a client that hangs up before the response head ends the exchange too', async () => {
    let arrived = false;
    let gone = false;
    behave = (request) => {
      arrived = true;
      request.socket.once('close', () => (gone = true));
    };
    const client = connect(router.port, '127.0.0.1');
    client.write(GET);
    await waitFor('arrival', () => arrived);
    client.destroy();
    await waitFor('the instance to see it', () => gone);
  });

  test('a client that hangs up in the middle of its upload', async () => {
    let gone = false;
    behave = (request) => {
      request.on('error', () => undefined).resume();
      request.once('close', () => (gone = !request.complete));
    };
    const client = connect(router.port, '127.0.0.1');
    client.write(GET.replace('GET', 'POST').replace('\r\n\r\n', '\r\ncontent-length: 1000\r\n\r\nsome'));
    await waitFor('a slot in use', () => router.reservations.inUse === 1);
    await sleep(50);
    client.destroy();
    await waitFor('the instance to see it', () => gone);
    await waitFor('release', () => router.reservations.inUse === 0);
    expect(lastOutcome()).toBe('client-error');
  });

  test('a client that stops in the middle of its upload is told 408', async () => {
    behave = (request) => void request.on('error', () => undefined).resume();
    const { text } = await rawRequest(
      router.port,
      GET.replace('GET', 'POST').replace(
        '\r\n\r\n',
        '\r\nx-waiter-timeout: 100\r\ncontent-length: 1000\r\n\r\nsome',
      ),
      { timeoutMs: 4_000 },
    );
    expect(text).toMatch(/^HTTP\/1\.1 408 [^]*Timeout receiving bytes from client/);
    expect(lastOutcome()).toBe('client-error');
  });

  test('an instance that answers before it has read the upload: the client reads the answer', async () => {
    behave = (_request, response) => {
      response.writeHead(413, { connection: 'close' });
      response.end('too much');
    };
    const body = Buffer.alloc(3_000_000);
    const reply = await call(router.port, {
      method: 'POST',
      headers: { ...ON_THE_FLY, 'content-length': String(body.length) },
      body,
    }).catch((error: NodeJS.ErrnoException) => error);
    // The connection may be reset under a client that goes on writing; the router must not hang on it.
    if (!(reply instanceof Error)) expect(reply.status).toBeGreaterThanOrEqual(413);
  });
});

describe('connections', () => {
  test('Expect: 100-continue is answered when the body is wanted, and not sent on', async () => {
    behave = (request, response) => {
      const { expect: expectation } = request.headers;
      request.resume().once('end', () => response.end(`seen ${expectation ?? 'nothing'}`));
    };
    const head = GET.replace('GET', 'POST').replace(
      '\r\n\r\n',
      '\r\nexpect: 100-continue\r\ncontent-length: 4\r\n\r\n',
    );
    const client = connect(router.port, '127.0.0.1').setEncoding('latin1');
    client.write(head);
    const [first] = (await once(client, 'data')) as [string];
    expect(first).toBe('HTTP/1.1 100 Continue\r\n\r\n');
    client.write('body');
    const [second] = (await once(client, 'data')) as [string];
    expect(second).toMatch(/^HTTP\/1\.1 200 [^]*seen nothing/);
    client.destroy();
    const refused = await rawRequest(router.port, head.replaceAll(/x-waiter-cmd.*\r\n/g, ''), {
      until: /400/,
    });
    expect(refused.text).toMatch(/^HTTP\/1\.1 400 /);
  });

  test('an idle pooled connection that the instance closed costs a GET nothing', async () => {
    const kitchen = await startKitchen({ env: {}, keepAliveTimeoutMs: 1 });
    await withAddress(kitchen.port, async () => {
      for (let i = 0; i < 20; i += 1) {
        expect((await call(router.port, { headers: ON_THE_FLY })).status).toBe(200);
        await sleep(i % 3);
      }
    });
    await kitchen.close();
  });

  test('connections to an instance are used again', async () => {
    const ports = new Set<number>();
    behave = (request, response) => {
      ports.add(request.socket.remotePort ?? 0);
      response.end('ok');
    };
    for (let i = 0; i < 5; i += 1) await call(router.port, { headers: ON_THE_FLY });
    expect(ports.size).toBe(1);
  });
});

describe('websockets', () => {
  const HANDSHAKE = `GET /ws?x HTTP/1.1\r\nHost: localhost\r\n${SERVICE}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nCookie: a=b; ${authCookie()}\r\n\r\n`;

  // Heads of frames (RFC 6455 5.2).
  const [TEXT_OF_5, TEXT_OF_6, MASKED_TEXT_OF_4] = ['\x81\x05', '\x81\x06', '\x81\x84\0\0\0\0'];

  test('a slot is held as long as the connection lives', async () => {
    let seen: IncomingMessage | undefined;
    let instance: Socket | undefined;
    backend.once('upgrade', (request: IncomingMessage, socket: Socket) => {
      seen = request;
      instance = socket;
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n${TEXT_OF_5}hello`,
        'latin1',
      );
      // The mask of the client's frame is zero.
      socket.on('data', (piece: Buffer) =>
        socket.write(`${TEXT_OF_6}<${piece.subarray(6).toString()}>`, 'latin1'),
      );
    });
    const client = connect(router.port, '127.0.0.1').setEncoding('latin1');
    let text = '';
    client.on('data', (piece: string) => (text += piece));
    client.write(HANDSHAKE);
    await waitFor('the greeting', () => text.endsWith('hello'));
    expect(text).toMatch(/^HTTP\/1\.1 101 /);
    expect(text).toMatch(/x-cid: \S/i);
    expect(seen?.url).toBe('/ws?x');
    expect(seen?.headers).toMatchObject({
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      upgrade: 'websocket',
    });
    expect(seen?.headers).not.toHaveProperty('cookie');
    expect(seen?.headers['authorization']).toMatch(/^Basic /);
    client.write(Buffer.from(`${MASKED_TEXT_OF_4}echo`, 'latin1'));
    await waitFor('the echo', () => text.endsWith('<echo>'));
    expect(router.reservations.inUse).toBe(1);
    client.end(); // this instance does not end its side
    await waitFor('release', () => router.reservations.inUse === 0);
    client.destroy();
    instance?.destroy();
  });

  test('case 21: an unsupported header refuses the upgrade', async () => {
    const { text } = await rawRequest(router.port, HANDSHAKE.replace('Cookie', 'x-waiter-maintenance'));
    expect(text).toMatch(/^HTTP\/1\.1 400 [^]*Unsupported waiter headers found/);
  });

  test('an instance that refuses the connection is 502', async () => {
    const { text } = await withAddress(1, () => rawRequest(router.port, HANDSHAKE));
    expect(text).toMatch(/^HTTP\/1\.1 502 [^]*Request failed to connect to service backend/);
  });

  test('an instance that answers plainly is relayed', async () => {
    behave = (_request, response) => response.writeHead(403).end('no');
    const { text } = await rawRequest(router.port, HANDSHAKE);
    expect(text).toMatch(/^HTTP\/1\.1 403 [^]*no/);
  });
});
