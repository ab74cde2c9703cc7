import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, constants, createServer as createHttp2Server, type ServerHttp2Stream } from 'node:http2';
import { connect as connectTcp, type AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { rawRequest, sleep, startRedis, waitFor, type RedisServer } from '@waiter/testkit';
import { call } from '../../testing/call';
import { callHttp2, callOn } from '../../testing/call-http2';
import { FLAG, frame, FRAME, headerBlock, RawHttp2, startRawInstance, u32 } from '../../testing/raw-http2';
import { ON_THE_FLY, startRouterUnderTest, type RouterUnderTest } from '../../testing/router-under-test';

const H2C = { ...ON_THE_FLY, 'x-waiter-backend-proto': 'h2c' };
const SERVICE = Object.entries(H2C)
  .map(([name, value]) => `${name}: ${value}\r\n`)
  .join('');
/** `:status: 200` alone (RFC 7541 appendix A). */
const OK = Buffer.from([0x88]);

let redis: RedisServer;
let router: RouterUnderTest;
let onHttp1: (request: IncomingMessage, response: ServerResponse) => void;
let onHttp2: (stream: ServerHttp2Stream, headers: Record<string, unknown>) => void;
const http1 = createServer((request, response) => onHttp1(request, response));
const http2 = createHttp2Server().on('stream', (stream, headers) => {
  stream.on('error', () => undefined);
  onHttp2(stream, headers);
});

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

const at = (port: number): void => void (router.reservations.addresses = [{ host: '127.0.0.1', port }]);
const lastOutcome = () => router.reservations.outcomes.at(-1);
const portOf = (server: { address(): unknown }): number => (server.address() as AddressInfo).port;
const behind = { http: () => (at(portOf(http1)), ON_THE_FLY), h2c: () => (at(portOf(http2)), H2C) } as const;

describe.each(['http', 'h2c'] as const)('back pressure, instance speaks %s', (proto) => {
  test('a slow client of HTTP/2 slows the instance down, and gets every byte', async () => {
    const total = 20_000_000;
    const piece = Buffer.alloc(100_000, 'z');
    let written = 0;
    const pump = (out: {
      write(bytes: Buffer): boolean;
      end(): void;
      once(event: 'drain', go: () => void): void;
    }) => {
      while (written < total) {
        written += piece.length;
        if (!out.write(piece)) return void out.once('drain', () => pump(out));
      }
      out.end();
    };
    onHttp1 = (_request, response) => pump(response);
    onHttp2 = (stream) => {
      stream.respond({ ':status': 200 });
      pump(stream);
    };
    const session = connect(`http://127.0.0.1:${router.port}`);
    const stream = session.request({ ':path': '/', ...behind[proto]() });
    await once(stream, 'response');
    stream.pause();
    await sleep(300);
    // Windows and socket buffers hold a few megabytes; without back pressure all of it would have gone.
    expect(written).toBeLessThan(total / 2);
    let received = 0;
    stream.on('data', (bytes: Buffer) => (received += bytes.length)).resume();
    await once(stream, 'close');
    expect(received).toBe(total);
    session.close();
  });

  test('a slow instance slows the client of HTTP/2 down, and gets every byte', async () => {
    const total = 20_000_000;
    let received = 0;
    let go = (): void => undefined;
    const take = (body: NodeJS.ReadableStream, end: () => void): void => {
      go = () => {
        body.on('data', (bytes: Buffer) => (received += bytes.length));
        body.once('end', end);
      };
    };
    onHttp1 = (request, response) => take(request, () => response.end(String(received)));
    onHttp2 = (stream) =>
      take(stream, () => {
        stream.respond({ ':status': 200 });
        stream.end(String(received));
      });
    const session = connect(`http://127.0.0.1:${router.port}`);
    const stream = session.request({ ':method': 'POST', ':path': '/', ...behind[proto]() });
    let written = 0;
    const pump = (): void => {
      while (written < total) {
        written += 100_000;
        if (!stream.write(Buffer.alloc(100_000))) return void stream.once('drain', pump);
      }
      stream.end();
    };
    pump();
    await waitFor('the request to arrive', () => router.reservations.inUse === 1);
    await sleep(300);
    expect(written).toBeLessThan(total / 2);
    go();
    let text = '';
    stream.setEncoding('utf8').on('data', (more: string) => (text += more));
    await once(stream, 'close');
    expect(text).toBe(String(total));
    session.close();
  });

  test('a client that reads nothing for the streaming timeout is reset', async () => {
    let broken = false;
    const pump = (out: ServerResponse | ServerHttp2Stream): void => {
      out.on('close', () => (broken = true));
      const more = (): void => {
        while (!out.destroyed && out.write(Buffer.alloc(100_000)));
        out.once('drain', more);
      };
      more();
    };
    onHttp1 = (_request, response) => pump(response);
    onHttp2 = (stream) => {
      stream.respond({ ':status': 200 });
      pump(stream);
    };
    const session = connect(`http://127.0.0.1:${router.port}`);
    const headers = { ...behind[proto](), 'x-waiter-streaming-timeout': '200' };
    const stream = session.request({ ':path': '/', ...headers });
    stream.on('error', () => undefined);
    await once(stream, 'response');
    stream.pause();
    await waitFor('the exchange to be broken off', () => broken);
    await waitFor('release', () => router.reservations.inUse === 0);
    expect(lastOutcome()).toBe('client-error');
    session.destroy();
  });
});

describe('what a client takes back', () => {
  test('while it waits for an instance', async () => {
    let aborted = false;
    const { reserve } = router.reservations;
    router.reservations.reserve = (_service, { onAbort }) =>
      new Promise((_, reject) => {
        onAbort(() => {
          aborted = true;
          reject(new Error('gone'));
        });
      });
    const session = connect(`http://127.0.0.1:${router.port}`);
    const stream = session.request({ ':path': '/', ...H2C });
    await sleep(100);
    stream.close(constants.NGHTTP2_CANCEL);
    await waitFor('the queue to hear of it', () => aborted);
    router.reservations.reserve = reserve;
    session.close();
  });

  test.each(['http', 'h2c'] as const)(
    'before the response, and the %s instance hears of it',
    async (proto) => {
      let arrived = false;
      let gone = false;
      onHttp1 = (request) => {
        arrived = true;
        request.socket.once('close', () => (gone = true));
      };
      onHttp2 = (stream) => {
        arrived = true;
        stream.once('close', () => (gone = stream.rstCode === constants.NGHTTP2_CANCEL));
      };
      const session = connect(`http://127.0.0.1:${router.port}`);
      const stream = session.request({ ':path': '/', ...behind[proto]() });
      await waitFor('arrival', () => arrived);
      stream.close(constants.NGHTTP2_CANCEL);
      await waitFor('the instance to hear of it', () => gone);
      await waitFor('release', () => router.reservations.inUse === 0);
      expect(lastOutcome()).toBe('client-error');
      session.close();
    },
  );

  const POST = { ':method': 'POST', ':scheme': 'http', ':path': '/', ':authority': 'x' };

  test.each(['http', 'h2c'] as const)(
    'by ending its connection, while a %s instance waits for its body',
    async (proto) => {
      let arrived = false;
      let gone = false;
      onHttp1 = (request) => {
        arrived = true;
        request.on('error', () => undefined).once('close', () => (gone = true));
      };
      onHttp2 = (stream) => {
        arrived = true;
        stream.once('close', () => (gone = stream.rstCode === constants.NGHTTP2_CANCEL));
      };
      const client = await RawHttp2.open(router.port);
      client.headers(1, Object.entries({ ...POST, ...behind[proto]() }), false);
      // The instance hears of the request before its body begins.
      await waitFor('arrival', () => arrived);
      client.socket.end();
      await waitFor('the instance to hear of it', () => gone);
      await waitFor('release', () => router.reservations.inUse === 0);
      expect(lastOutcome()).toBe('client-error');
      await waitFor('the connection to be gone', () => client.closed);
      client.close();
    },
  );

  test('by ending its connection, while its request waits for an instance', async () => {
    let aborted = false;
    const { reserve } = router.reservations;
    router.reservations.reserve = (_service, { onAbort }) =>
      new Promise((_, reject) => {
        onAbort(() => {
          aborted = true;
          reject(new Error('gone'));
        });
      });
    const client = await RawHttp2.open(router.port);
    client.headers(1, Object.entries({ ...POST, ...H2C }));
    await sleep(100);
    client.socket.end();
    await waitFor('the queue to hear of it', () => aborted);
    router.reservations.reserve = reserve;
    client.close();
  });

  test('in the middle of its body, which an instance of HTTP/1.1 never takes for whole', async () => {
    let arrived = 0;
    let ended = false;
    let gone = false;
    onHttp1 = (request) => {
      request.on('data', (bytes: Buffer) => (arrived += bytes.length)).on('error', () => undefined);
      request.once('end', () => (ended = true)).once('close', () => (gone = true));
    };
    const client = await RawHttp2.open(router.port);
    client.headers(1, Object.entries({ ...POST, ...behind.http() }), false);
    client.send(frame(FRAME.DATA, 0, 1, Buffer.from('some')));
    await waitFor('the first piece', () => arrived === 4);
    client.send(frame(FRAME.RST_STREAM, 0, 1, u32(constants.NGHTTP2_CANCEL)));
    await waitFor('the instance to hear of it', () => gone);
    expect(ended).toBe(false);
    await waitFor('release', () => router.reservations.inUse === 0);
    expect(lastOutcome()).toBe('client-error');
    client.close();
  });

  test('in the middle of its body, which an instance of HTTP/2 never takes for whole', async () => {
    const instance = await startRawInstance(() => undefined);
    at(instance.port);
    const client = await RawHttp2.open(router.port);
    client.headers(1, Object.entries({ ...POST, ...H2C }), false);
    client.send(frame(FRAME.DATA, 0, 1, Buffer.from('some')));
    await waitFor('the first piece', () => instance.connections[0]?.of(FRAME.DATA, 1).length === 1);
    client.send(frame(FRAME.RST_STREAM, 0, 1, u32(constants.NGHTTP2_CANCEL)));
    await waitFor('the instance to hear of it', () => instance.connections[0]?.reset(1) !== undefined);
    const seen = instance.connections[0]?.frames.filter(({ stream }) => stream === 1) ?? [];
    // Node's own client would have ended the body first, in order.
    expect(seen.map(({ type, flags }) => [type, flags & FLAG.END_STREAM])).toEqual([
      [FRAME.HEADERS, 0],
      [FRAME.DATA, 0],
      [FRAME.RST_STREAM, 0],
    ]);
    expect(instance.connections[0]?.reset(1)).toBe(constants.NGHTTP2_CANCEL);
    await waitFor('release', () => router.reservations.inUse === 0);
    expect(lastOutcome()).toBe('client-error');
    client.close();
    await instance.close();
  });

  test('by HTTP/1.1, in front of an instance of HTTP/2', async () => {
    let code: number | undefined;
    onHttp2 = (stream) => {
      stream.respond({ ':status': 200 });
      stream.write('some');
      stream.once('close', () => (code = stream.rstCode));
    };
    const outgoing = httpRequest({ port: router.port, headers: behind.h2c(), agent: false });
    outgoing.on('error', () => undefined).end();
    const [reply] = (await once(outgoing, 'response')) as [IncomingMessage];
    reply.on('error', () => undefined);
    await once(reply, 'data');
    outgoing.destroy();
    await waitFor('the instance to hear of it', () => code === constants.NGHTTP2_CANCEL);
    await waitFor('release', () => router.reservations.inUse === 0);
    expect(lastOutcome()).toBe('client-error');
  });
});

describe('resets by an instance (spec 5.6, 6.5)', () => {
  test.each([
    [constants.NGHTTP2_INTERNAL_ERROR, 400, 'Client send invalid data to HTTP/2 backend', 'client-error'],
    [constants.NGHTTP2_CANCEL, 400, 'Client action means stream is no longer needed', 'client-error'],
    [constants.NGHTTP2_NO_ERROR, 400, 'Connection eagerly closed by server', 'client-error'],
    [constants.NGHTTP2_PROTOCOL_ERROR, 502, 'Request to service backend failed', 'instance-error'],
  ])('before a response, code %i: %i %s', async (code, status, message, outcome) => {
    const instance = await startRawInstance((connection, stream) =>
      connection.send(frame(FRAME.RST_STREAM, 0, stream, u32(code))),
    );
    at(instance.port);
    for (const ask of [call, callHttp2]) {
      const reply = await ask(router.port, { headers: H2C });
      expect(reply.status).toBe(status);
      expect(reply.text).toContain(message);
      expect(lastOutcome()).toBe(outcome);
    }
    await instance.close();
  });

  test.each([
    [constants.NGHTTP2_INTERNAL_ERROR, constants.NGHTTP2_INTERNAL_ERROR, 'client-error'],
    [constants.NGHTTP2_CANCEL, constants.NGHTTP2_CANCEL, 'client-error'],
    [constants.NGHTTP2_ENHANCE_YOUR_CALM, constants.NGHTTP2_ENHANCE_YOUR_CALM, 'instance-error'],
  ])(
    'in the middle of a response, code %i: what came is delivered, and then code %i',
    async (code, told, outcome) => {
      const instance = await startRawInstance((connection, stream) =>
        connection.send(
          frame(FRAME.HEADERS, FLAG.END_HEADERS, stream, OK),
          frame(FRAME.DATA, 0, stream, Buffer.from('some')),
          frame(FRAME.RST_STREAM, 0, stream, u32(code)),
        ),
      );
      at(instance.port);
      const reply = await callHttp2(router.port, { headers: H2C });
      expect([reply.status, reply.text, reply.code]).toEqual([200, 'some', told]);
      expect(lastOutcome()).toBe(outcome);
      const plain = await call(router.port, { headers: H2C });
      expect([plain.status, plain.text, plain.complete]).toEqual([200, 'some', false]);
      await instance.close();
    },
  );

  test('a body that is shorter than it said is no whole body', async () => {
    const instance = await startRawInstance((connection, stream) =>
      connection.send(
        frame(
          FRAME.HEADERS,
          FLAG.END_HEADERS,
          stream,
          Buffer.concat([OK, headerBlock([['content-length', '10']])]),
        ),
        frame(FRAME.DATA, 0, stream, Buffer.from('some')),
        frame(FRAME.RST_STREAM, 0, stream, u32(constants.NGHTTP2_NO_ERROR)),
      ),
    );
    at(instance.port);
    const reply = await callHttp2(router.port, { headers: H2C });
    expect(reply.code).not.toBe(constants.NGHTTP2_NO_ERROR);
    expect((await call(router.port, { headers: H2C })).complete).toBe(false);
    expect(lastOutcome()).toBe('instance-error');
    await instance.close();
  });

  test('a connection that closes under a response', async () => {
    const instance = await startRawInstance((connection, stream) => {
      connection.send(
        frame(FRAME.HEADERS, FLAG.END_HEADERS, stream, OK),
        frame(FRAME.DATA, 0, stream, Buffer.from('some')),
      );
      connection.socket.end();
    });
    at(instance.port);
    const reply = await callHttp2(router.port, { headers: H2C });
    expect([reply.status, reply.text]).toEqual([200, 'some']);
    expect(reply.code).toBe(constants.NGHTTP2_INTERNAL_ERROR);
    expect(lastOutcome()).toBe('instance-error');
    await instance.close();
  });
});

describe('order of things', () => {
  test.each(['http', 'h2c'] as const)(
    'an early response of a %s instance: the client is told to stop',
    async (proto) => {
      onHttp1 = (_request, response) => response.writeHead(413).end('too much');
      onHttp2 = (stream) => {
        stream.respond({ ':status': 413 });
        stream.end('too much');
      };
      const client = await RawHttp2.open(router.port);
      const fields = {
        ':method': 'POST',
        ':scheme': 'http',
        ':path': '/',
        ':authority': 'x',
        ...behind[proto](),
      };
      client.headers(1, Object.entries(fields), false);
      client.send(frame(FRAME.DATA, 0, 1, Buffer.alloc(1_000)));
      await waitFor('the reset', () => client.reset(1) !== undefined);
      expect(client.reset(1)).toBe(constants.NGHTTP2_NO_ERROR);
      expect(Buffer.concat(client.of(FRAME.DATA, 1).map(({ payload }) => payload)).toString()).toBe(
        'too much',
      );
      // The whole response came before.
      const ends = client.frames.findIndex(
        ({ stream, flags, type }) =>
          stream === 1 && type !== FRAME.RST_STREAM && (flags & FLAG.END_STREAM) > 0,
      );
      expect(ends).toBeGreaterThan(0);
      expect(ends).toBeLessThan(client.frames.findIndex(({ type }) => type === FRAME.RST_STREAM));
      expect(lastOutcome()).toBe('success');
      client.close();
    },
  );

  test.each(['http', 'h2c'] as const)(
    'early responses of a %s instance to many uploads: the connection stays, and ends in order',
    async (proto) => {
      onHttp1 = (request, response) => {
        request.on('error', () => undefined);
        response.writeHead(413).end('too much');
      };
      onHttp2 = (stream) => {
        stream.respond({ ':status': 413 });
        stream.end('too much');
      };
      const session = connect(`http://127.0.0.1:${router.port}`);
      let goaway: number | undefined;
      session.on('goaway', (code) => (goaway = code)).on('error', () => undefined);
      for (let round = 0; round < 6; round += 1) {
        const replies = await Promise.all(
          Array.from({ length: 10 }, () =>
            callOn(session, { method: 'POST', headers: behind[proto](), body: Buffer.alloc(200_000) }),
          ),
        );
        expect(replies.map(({ status, text }) => `${status} ${text}`)).toEqual(
          Array(10).fill('413 too much'),
        );
      }
      // The guard against floods looks twice a second.
      await sleep(700);
      expect([goaway, session.destroyed]).toEqual([undefined, false]);
      let ended = false;
      session.close(() => (ended = true));
      await waitFor('the connection to end', () => ended);
    },
  );

  test('uploads that wait for an instance for long are no flood', async () => {
    onHttp1 = (request, response) => {
      let bytes = 0;
      request.on('data', (piece: Buffer) => (bytes += piece.length));
      request.once('end', () => response.end(String(bytes)));
    };
    const headers = behind.http();
    const { reserve } = router.reservations;
    router.reservations.reserve = async (...asked) => {
      await sleep(1_200);
      return reserve.apply(router.reservations, asked);
    };
    const session = connect(`http://127.0.0.1:${router.port}`);
    session.on('error', () => undefined);
    const body = Buffer.alloc(200_000);
    const replies = await Promise.all(
      Array.from({ length: 5 }, () => callOn(session, { method: 'POST', headers, body })),
    );
    expect(replies.map(({ status, text }) => `${status} ${text}`)).toEqual(Array(5).fill('200 200000'));
    router.reservations.reserve = reserve;
    session.close();
  });

  test.each(['http', 'h2c'] as const)('interim responses of a %s instance go through', async (proto) => {
    onHttp1 = (_request, response) => {
      response.writeEarlyHints({ link: '</a.css>; rel=preload' });
      response.end('done');
    };
    onHttp2 = (stream) => {
      stream.additionalHeaders({ ':status': 103, link: '</a.css>; rel=preload' });
      stream.respond({ ':status': 200 });
      stream.end('done');
    };
    const reply = await callHttp2(router.port, { headers: behind[proto]() });
    expect(reply.text).toBe('done');
    expect(reply.interim).toMatchObject([{ ':status': 103, link: '</a.css>; rel=preload' }]);
  });

  test('103 of an instance of HTTP/2 goes through to a client of HTTP/1.1', async () => {
    onHttp2 = (stream) => {
      stream.additionalHeaders({ ':status': 103, link: '</a.css>; rel=preload' });
      stream.respond({ ':status': 200 });
      stream.end('done');
    };
    at(portOf(http2));
    const { text } = await rawRequest(router.port, `GET / HTTP/1.1\r\nHost: localhost\r\n${SERVICE}\r\n`, {
      until: /done/,
    });
    expect(text).toMatch(
      /^HTTP\/1\.1 103 Early Hints\r\nLink: <\/a\.css>; rel=preload\r\n\r\nHTTP\/1\.1 200 OK\r\n/i,
    );
  });

  test('a client that waits for 100 Continue is told to go on when the instance is there', async () => {
    onHttp2 = (stream, headers) => {
      stream.respond({ ':status': 200 });
      stream.end(`expect: ${String(headers['expect'])}`);
      stream.resume();
    };
    const session = connect(`http://127.0.0.1:${router.port}`);
    const stream = session.request({
      ':method': 'POST',
      ':path': '/',
      expect: '100-continue',
      ...behind.h2c(),
    });
    await once(stream, 'continue');
    stream.end('body');
    let text = '';
    stream.setEncoding('utf8').on('data', (more: string) => (text += more));
    await once(stream, 'close');
    expect(text).toBe('expect: undefined');
    const refused = session.request({
      ':method': 'POST',
      ':path': '/',
      expect: '100-continue',
      ':authority': 'nowhere',
    });
    let told = false;
    refused.on('continue', () => (told = true)).on('error', () => undefined);
    const [head] = (await once(refused, 'response')) as [{ ':status'?: number }];
    expect([head[':status'], told]).toEqual([400, false]);
    session.close();
  });

  test('of HTTP/1.1 too', async () => {
    onHttp2 = (stream) => {
      stream.respond({ ':status': 200 });
      stream.resume().once('end', () => stream.end('thanks'));
    };
    at(portOf(http2));
    const client = connectTcp(router.port, '127.0.0.1').setEncoding('latin1');
    client.write(
      `POST / HTTP/1.1\r\nHost: localhost\r\n${SERVICE}Expect: 100-continue\r\nContent-Length: 4\r\n\r\n`,
    );
    const [first] = (await once(client, 'data')) as [string];
    expect(first).toBe('HTTP/1.1 100 Continue\r\n\r\n');
    client.write('body');
    let text = '';
    client.on('data', (more: string) => (text += more));
    await waitFor('the response', () => text.includes('thanks'));
    client.destroy();
  });

  test('the first piece of a response does not wait for the second', async () => {
    let finish = (): void => undefined;
    onHttp2 = (stream) => {
      stream.respond({ ':status': 200, 'content-type': 'text/event-stream' });
      setTimeout(() => stream.write('first'), 20);
      finish = () => stream.end('last');
    };
    const session = connect(`http://127.0.0.1:${router.port}`);
    const stream = session.request({ ':path': '/', ...behind.h2c() });
    await once(stream, 'response');
    const [piece] = (await once(stream, 'data')) as [Buffer];
    expect(String(piece)).toBe('first');
    finish();
    const [last] = (await once(stream, 'data')) as [Buffer];
    expect(String(last)).toBe('last');
    session.close();
  });

  test('headers that come more than once, connection headers, and cookies of ours', async () => {
    onHttp1 = (_request, response) => {
      response.writeHead(200, 'Fine', [
        ['X-One', 'a'],
        ['X-One', 'b'],
        ['Set-Cookie', 'c=d'],
        ['Set-Cookie', 'x-waiter-auth=1'],
        ['Set-Cookie', 'e=f'],
        ['ETag', 'first'],
        ['ETag', 'second'],
        ['Connection', 'close, X-Hop'],
        ['X-Hop', '1'],
        ['Keep-Alive', 'timeout=9'],
        ['Content-Length', '2'],
      ] as unknown as string[]);
      response.end('ok');
    };
    const reply = await callHttp2(router.port, { headers: behind.http() });
    expect(reply.headers).toMatchObject({ 'x-one': 'a, b', etag: 'first' });
    const cookies = reply.headers['set-cookie'];
    if (!Array.isArray(cookies)) throw new Error('no list of cookies');
    // The router's own come after the instance's.
    expect(cookies.slice(0, 2)).toEqual(['c=d', 'e=f']);
    expect(cookies.slice(2).map((cookie) => cookie.slice(0, cookie.indexOf('=')))).toEqual([
      'x-auth-expires-at',
      'x-waiter-auth',
    ]);
    expect(cookies).not.toContain('x-waiter-auth=1');
    for (const name of ['x-hop', 'connection', 'keep-alive', 'transfer-encoding'])
      expect(reply.headers).not.toHaveProperty(name);
  });

  test('a status that HTTP/2 has no place for is 502', async () => {
    onHttp1 = (_request, response) => response.writeHead(777).end();
    const reply = await callHttp2(router.port, { headers: behind.http() });
    expect(reply.status).toBe(502);
    expect(lastOutcome()).toBe('instance-error');
  });

  test('requests of one connection do not wait for each other', async () => {
    onHttp2 = (stream, headers) => {
      const respond = (): void => {
        stream.respond({ ':status': 200 });
        stream.end(String(headers[':path']));
      };
      if (headers[':path'] === '/slow') setTimeout(respond, 500);
      else respond();
    };
    const session = connect(`http://127.0.0.1:${router.port}`);
    const order: string[] = [];
    await Promise.all(
      ['/slow', '/1', '/2'].map(async (path) => {
        const { text } = await callOn(session, { path, headers: behind.h2c() });
        order.push(text);
      }),
    );
    expect(order.at(-1)).toBe('/slow');
    session.close();
  });

  test('clients that do not read stall nobody on the same connection to the instance', async () => {
    const pieces = Array.from({ length: 30 }, () => Buffer.alloc(100_000, 'z'));
    const sessions = new Set<unknown>();
    onHttp2 = (stream, headers) => {
      sessions.add(stream.session);
      stream.respond({ ':status': 200 });
      if (headers[':path'] === '/large') Readable.from(pieces).pipe(stream);
      else stream.end('small');
    };
    const headers = behind.h2c();
    expect((await callHttp2(router.port, { headers })).text).toBe('small');
    const stalled = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const session = connect(`http://127.0.0.1:${router.port}`);
        const stream = session.request({ ':path': '/large', ...headers });
        await once(stream, 'response');
        stream.pause();
        return { session, stream };
      }),
    );
    // More than the windows of the connection hold: an instance that had to wait for these could not answer.
    for (let i = 0; i < 10; i += 1) expect((await callHttp2(router.port, { headers })).text).toBe('small');
    expect(sessions.size).toBe(1);
    for (const { session, stream } of stalled) {
      let received = 0;
      stream.on('data', (bytes: Buffer) => (received += bytes.length)).resume();
      await once(stream, 'close');
      expect(received).toBe(3_000_000);
      session.close();
    }
  });
});
