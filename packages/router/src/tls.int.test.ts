import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { connect as connectHttp2, createSecureServer } from 'node:http2';
import { request } from 'node:https';
import { rename, writeFile } from 'node:fs/promises';
import { connect as connectTcp, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { selfSigned, startKitchen } from '@waiter/kitchen';
import { createLogger } from '@waiter/observability';
import {
  startRedis,
  temporaryDirectory,
  waitFor,
  type RedisServer,
  type TemporaryDirectory,
} from '@waiter/testkit';
import { DEFAULT_ROUTER_LIMITS, DEFAULT_ROUTER_TIMEOUTS, type RouterOptions } from './options';
import { callOn } from './testing/call-http2';
import {
  ON_THE_FLY,
  startRouterUnderTest,
  testLanes,
  type RouterUnderTest,
} from './testing/router-under-test';
import { openSocket } from './testing/websocket-client';
import type { WorkerEnvironment } from './worker';

/** The port for TLS, and TLS to instances. */
let redis: RedisServer;
let directory: TemporaryDirectory;
let backend: Server;
let router: RouterUnderTest;
let tlsPort: number;
let seen: { url: string | undefined; headers: IncomingHttpHeaders; body: string }[] = [];
const routers: RouterUnderTest[] = [];

const file = (name: string): string => join(directory.path, name);

/** Puts a new certificate in place of the one that is there, one file after the other. @returns it */
async function certificate(
  name: string,
  hosts: readonly [string, ...string[]],
  since = new Date(),
): Promise<string> {
  const { cert, key } = await selfSigned(since, hosts);
  for (const [kind, text] of [
    ['crt', cert],
    ['key', key],
  ] as const) {
    await writeFile(file(`${name}.${kind}.new`), text);
    await rename(file(`${name}.${kind}.new`), file(`${name}.${kind}`));
  }
  return cert;
}
const pair = (name: string) => ({ certFile: file(`${name}.crt`), keyFile: file(`${name}.key`) });

async function start(
  given: Partial<RouterOptions> = {},
  names = ['first', 'second'],
  environment: WorkerEnvironment = {},
): Promise<RouterUnderTest> {
  const tls = { port: 0, certificates: names.map(pair), minVersion: 'TLSv1.2' as const, reloadMs: 50 };
  const ports = [(backend.address() as AddressInfo).port];
  const started = await startRouterUnderTest(redis.url, ports, { tls, ...given }, environment);
  routers.push(started);
  return started;
}

beforeAll(async () => {
  redis = await startRedis();
  directory = await temporaryDirectory('waiter-tls-test');
  backend = createServer((incoming, response) => {
    let body = '';
    incoming.setEncoding('latin1').on('data', (piece: string) => (body += piece));
    incoming.on('end', () => {
      seen.push({ url: incoming.url, headers: incoming.headers, body });
      response.end(`backend ${body.length}`);
    });
  });
  await new Promise<void>((resolve) => backend.listen(0, '127.0.0.1', resolve));
  await certificate('first', ['first.test', '*.wild.test']);
  await certificate('second', ['second.test', 'named.wild.test']);
  router = await start();
  tlsPort = router.worker.tlsPort ?? 0;
});

beforeEach(() => {
  seen = [];
});

afterAll(async () => {
  await Promise.all(routers.map(({ worker }) => worker.close()));
  backend.closeAllConnections();
  await new Promise((resolve) => backend.close(resolve));
  await directory.remove();
  await redis.stop();
});

/** @throws Error when the handshake fails */
function handshake(options: ConnectionOptions = {}, port = tlsPort): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
    socket.once('secureConnect', () => resolve(socket)).once('error', reject);
  });
}

async function commonName(servername?: string, port?: number): Promise<string | string[] | undefined> {
  const socket = await handshake(servername === undefined ? {} : { servername }, port);
  const { subject } = socket.getPeerCertificate();
  socket.destroy();
  return subject.CN;
}

async function ask(bytes: string | readonly string[], until: RegExp): Promise<string> {
  const socket = await handshake({ servername: 'first.test' });
  let text = '';
  socket.setEncoding('latin1').on('data', (piece: string) => (text += piece));
  for (const piece of typeof bytes === 'string' ? [bytes] : bytes) {
    const before = text.length;
    socket.write(piece);
    await waitFor('an answer', () => text.length > before && until.test(text));
  }
  socket.destroy();
  return text;
}
const SERVICE = Object.entries(ON_THE_FLY)
  .map(([name, value]) => `${name}: ${value}\r\n`)
  .join('');
const head = (line: string, more = ''): string =>
  `${line} HTTP/1.1\r\nHost: localhost\r\n${SERVICE}${more}\r\n`;

describe('to clients', () => {
  test('HTTP/1.1, kept alive, with bodies of both framings; the request counts as https', async () => {
    const text = await ask(
      [
        head('GET /1', 'x-waiter-debug: 1\r\n'),
        `${head('POST /2', 'Content-Length: 3\r\n')}abc`,
        `${head('POST /3', 'Transfer-Encoding: chunked\r\n')}4\r\nabcd\r\n0\r\n\r\n`,
        head('GET /4', 'Connection: close\r\n'),
      ],
      /backend \d+(?:\r\n0\r\n\r\n)?$/,
    );
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(Array(4).fill('HTTP/1.1 200'));
    expect(text).toMatch(/x-waiter-request-id: \S+-https\r\n/);
    expect(seen.map(({ url, body }) => [url, body])).toEqual([
      ['/1', ''],
      ['/2', 'abc'],
      ['/3', 'abcd'],
      ['/4', ''],
    ]);
  });

  test('4 MB both ways', async () => {
    const kitchen = await startKitchen({ env: {} });
    const echoing = await startRouterUnderTest(redis.url, [kitchen.port], {
      tls: { port: 0, certificates: [pair('first')], minVersion: 'TLSv1.2', reloadMs: 1_000 },
    });
    routers.push(echoing);
    const body = Buffer.alloc(4_000_000, 'waiter');
    const reply = await new Promise<Buffer>((resolve, reject) => {
      const outgoing = request(
        {
          port: echoing.worker.tlsPort,
          host: '127.0.0.1',
          method: 'POST',
          path: '/request-info',
          rejectUnauthorized: false,
          headers: { ...ON_THE_FLY, 'x-kitchen-echo': 'true', 'content-length': body.length },
        },
        (incoming) => {
          const pieces: Buffer[] = [];
          incoming.on('data', (piece: Buffer) => pieces.push(piece));
          incoming.on('end', () => resolve(Buffer.concat(pieces)));
        },
      );
      outgoing.on('error', reject).end(body);
    });
    expect(reply.equals(body)).toBe(true);
    await kitchen.close();
  });

  test('HTTP/2 by ALPN', async () => {
    const session = connectHttp2(`https://127.0.0.1:${tlsPort}`, { rejectUnauthorized: false });
    const reply = await callOn(session, {
      method: 'POST',
      headers: { ...ON_THE_FLY, 'x-waiter-debug': '1' },
      body: 'hello',
    });
    expect([reply.status, reply.text]).toEqual([200, 'backend 5']);
    expect(reply.headers['x-waiter-request-id']).toMatch(/-https$/);
    session.destroy();
  });

  test.each([
    [['h2', 'http/1.1'], 'h2'],
    [['http/1.1', 'h2'], 'h2'],
    [['http/1.1'], 'http/1.1'],
    [[], false],
  ])('ALPN %j is answered %j', async (ALPNProtocols, chosen) => {
    const socket = await handshake(ALPNProtocols.length === 0 ? {} : { ALPNProtocols });
    expect(socket.alpnProtocol).toBe(chosen);
    socket.destroy();
  });

  test('ALPN with nothing that is spoken here ends the handshake (RFC 7301 3.2)', async () => {
    await expect(handshake({ ALPNProtocols: ['spdy/3'] })).rejects.toThrow();
  });

  test('without the http2 lane, HTTP/1.1 is what is agreed on', async () => {
    const plain = await start({ lanes: { ...testLanes, http2: false } });
    const socket = await handshake({ ALPNProtocols: ['h2', 'http/1.1'] }, plain.worker.tlsPort ?? 0);
    expect(socket.alpnProtocol).toBe('http/1.1');
    socket.destroy();
  });

  test('WebSockets', async () => {
    const kitchen = await startKitchen({ env: {} });
    const webSockets = await startRouterUnderTest(redis.url, [kitchen.port], {
      tls: { port: 0, certificates: [pair('first')], minVersion: 'TLSv1.2', reloadMs: 1_000 },
    });
    routers.push(webSockets);
    const opened = await openSocket(`wss://127.0.0.1:${webSockets.worker.tlsPort}/ws`, {
      headers: ON_THE_FLY,
      rejectUnauthorized: false,
    });
    expect(await opened.next()).toBe('Connected to kitchen');
    opened.socket.close();
    await opened.closed;
    await waitFor('the slot to be released', () => webSockets.reservations.inUse === 0);
    await kitchen.close();
  });

  test.each([
    [undefined, 'first.test'],
    ['first.test', 'first.test'],
    ['second.test', 'second.test'],
    ['other.wild.test', 'first.test'],
    ['named.wild.test', 'second.test'],
    ['a.b.wild.test', 'first.test'],
    ['unknown.test', 'first.test'],
  ])('SNI %s gets the certificate of %s', async (servername, name) => {
    expect(await commonName(servername)).toBe(name);
  });

  test.each([
    ['TLSv1', 'TLSv1.1'],
    ['TLSv1.1', 'TLSv1.1'],
  ] as const)('%s to %s is refused', async (minVersion, maxVersion) => {
    await expect(handshake({ minVersion, maxVersion, ciphers: 'DEFAULT@SECLEVEL=0' })).rejects.toThrow();
  });

  test('TLS 1.3 by default, and TLS 1.2 only with forward secrecy and authenticated encryption', async () => {
    const modern = await handshake();
    expect(modern.getProtocol()).toBe('TLSv1.3');
    modern.destroy();
    const older = await handshake({ maxVersion: 'TLSv1.2' });
    expect([older.getProtocol(), older.getCipher().name]).toEqual([
      'TLSv1.2',
      expect.stringMatching(/^ECDHE-.*(GCM|POLY)/),
    ]);
    older.destroy();
    for (const ciphers of ['ECDHE-ECDSA-AES128-SHA256', 'ECDHE-ECDSA-AES128-SHA', 'AES128-GCM-SHA256']) {
      await expect(handshake({ maxVersion: 'TLSv1.2', ciphers })).rejects.toThrow();
    }
  });

  test('TLS 1.2 can be switched off', async () => {
    const tls = { port: 0, certificates: [pair('first')], minVersion: 'TLSv1.3' as const, reloadMs: 1_000 };
    const strict = await start({ tls });
    const port = strict.worker.tlsPort ?? 0;
    await expect(handshake({ maxVersion: 'TLSv1.2' }, port)).rejects.toThrow();
    (await handshake({}, port)).destroy();
  });

  test('what is no TLS is no request either', async () => {
    const socket = connectTcp(tlsPort, '127.0.0.1').setEncoding('latin1');
    let text = '';
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => undefined).on('data', (piece: string) => (text += piece));
    socket.write(head('GET /plain'));
    await closed;
    expect(text).not.toContain('HTTP/1.1');
    expect(seen).toEqual([]);
  });

  test('a client that leaves in the middle of its handshake is let go at once', async () => {
    const socket = connectTcp(tlsPort, '127.0.0.1');
    const closed = new Promise((resolve) => socket.once('close', resolve));
    // The beginning of a ClientHello.
    socket.on('error', () => undefined).end(Buffer.from('160301020001', 'hex'));
    await closed;
  });

  test('a handshake that does not come is given up, and counts as a connection until then', async () => {
    const impatient = await start({
      limits: { ...DEFAULT_ROUTER_LIMITS, connections: 1 },
      timeouts: { ...DEFAULT_ROUTER_TIMEOUTS, requestHeadTimeoutMs: 300, drainTimeoutMs: 500 },
    });
    const port = impatient.worker.tlsPort ?? 0;
    const silent = connectTcp(port, '127.0.0.1');
    let over = false;
    silent.on('error', () => undefined).once('close', () => (over = true));
    await new Promise((resolve) => silent.once('connect', resolve));
    await expect(handshake({}, port)).rejects.toThrow();
    await waitFor('the end of the silent one', () => over);
    (await handshake({}, port)).destroy();
  });
});

describe('certificates', () => {
  test('new files are used for new connections; those that are open stay', async () => {
    await certificate('changing', ['old.test']);
    const changing = await start({}, ['first', 'changing']);
    const port = changing.worker.tlsPort ?? 0;
    expect(await commonName('old.test', port)).toBe('old.test');
    const open = await handshake({ servername: 'old.test' }, port);
    await certificate('changing', ['new.test']);
    await waitFor('the new certificate', async () => (await commonName('new.test', port)) === 'new.test');
    let text = '';
    open.setEncoding('latin1').on('data', (piece: string) => (text += piece));
    open.write(head('GET /'));
    await waitFor('an answer', () => text.includes('backend'));
    open.destroy();
  });

  test('the first one, which clients without SNI get, is read again too', async () => {
    await certificate('default', ['before.test']);
    const changing = await start({}, ['default']);
    const port = changing.worker.tlsPort ?? 0;
    expect(await commonName(undefined, port)).toBe('before.test');
    await certificate('default', ['after.test']);
    await waitFor('the new certificate', async () => (await commonName(undefined, port)) === 'after.test');
  });

  test('files that are no pair, or no certificate, change nothing', async () => {
    await certificate('spoiled', ['good.test']);
    const spoiled = await start({}, ['spoiled']);
    const port = spoiled.worker.tlsPort ?? 0;
    const { key } = await selfSigned();
    for (const [kind, text] of [
      ['key', key],
      ['crt', 'nonsense'],
    ] as const) {
      await writeFile(file(`spoiled.${kind}`), text);
      await new Promise((resolve) => setTimeout(resolve, 200));
      expect(await commonName(undefined, port)).toBe('good.test');
    }
    await certificate('spoiled', ['mended.test']);
    await waitFor('the mended one', async () => (await commonName(undefined, port)) === 'mended.test');
  });

  test('one that is over is spoken of, at the start and when it comes; it is used all the same', async () => {
    const yearAgo = new Date(Date.now() - 366 * 86_400_000);
    await certificate('ageing', ['ageing.test'], yearAgo);
    const log = new PassThrough({ encoding: 'utf8' });
    let said = '';
    log.on('data', (piece: string) => (said += piece));
    const logger = createLogger({ name: 'router', stream: log });
    const ageing = await start({}, ['ageing'], { logger });
    const warnings = (): number => said.match(/ageing\.crt.*a certificate is over/g)?.length ?? 0;
    await waitFor('the warning', () => warnings() === 1);
    expect(await commonName(undefined, ageing.worker.tlsPort ?? 0)).toBe('ageing.test');
    await certificate('ageing', ['aged.test'], yearAgo);
    await waitFor('the next one', () => warnings() === 2);
    await certificate('ageing', ['young.test']);
    await waitFor(
      'the new one',
      async () => (await commonName(undefined, ageing.worker.tlsPort ?? 0)) === 'young.test',
    );
    expect(warnings()).toBe(2);
  });

  test.each([
    [
      'a file that is not there',
      { certFile: 'nowhere.crt', keyFile: 'nowhere.key' },
      /nowhere.*cannot be read/,
    ],
    [
      'a key of another certificate',
      { certFile: 'first.crt', keyFile: 'second.key' },
      /second\.key is not the key of .*first\.crt/,
    ],
    [
      'files the wrong way round',
      { certFile: 'first.key', keyFile: 'first.crt' },
      /first\.(key|crt) is not valid PEM/,
    ],
  ])('%s: the router does not start, and says why', async (_name, { certFile, keyFile }, words) => {
    const tls = {
      port: 0,
      certificates: [{ certFile: file(certFile), keyFile: file(keyFile) }],
      minVersion: 'TLSv1.2' as const,
      reloadMs: 1_000,
    };
    await expect(start({ tls })).rejects.toThrow(words);
  });
});

test('drain: what is in flight ends with its response, what is idle ends at once', async () => {
  const draining = await start();
  const port = draining.worker.tlsPort ?? 0;
  let answer = (): void => undefined;
  const slow = createServer((_incoming, response) => (answer = () => void response.end('late')));
  await new Promise<void>((resolve) => slow.listen(0, '127.0.0.1', resolve));
  draining.reservations.addresses = [{ host: '127.0.0.1', port: (slow.address() as AddressInfo).port }];
  const idle = await handshake({}, port);
  const ended = new Promise((resolve) => idle.once('close', resolve));
  idle.resume();
  const busy = await handshake({}, port);
  let text = '';
  busy.setEncoding('latin1').on('data', (piece: string) => (text += piece));
  busy.write(head('GET /slow'));
  await waitFor('the request', () => draining.reservations.inUse === 1);
  const closed = draining.worker.close();
  await ended;
  answer();
  await waitFor('its response', () => text.endsWith('late'));
  expect(text).toMatch(/connection: close/i);
  await closed;
  await expect(handshake({}, port)).rejects.toThrow();
  slow.closeAllConnections();
  slow.close();
});

describe.each(['https', 'h2'])('to instances, backend-proto %s', (proto) => {
  const asked = async (tls: RouterOptions['backendTls'] | undefined): Promise<number> => {
    const { cert, key } = await selfSigned(new Date(), ['localhost']);
    const instance = createSecureServer({ cert, key, allowHTTP1: true }, (_incoming, response) => {
      response.end('secure');
    });
    await new Promise<void>((resolve) => instance.listen(0, '127.0.0.1', resolve));
    const verifying = await startRouterUnderTest(redis.url, [(instance.address() as AddressInfo).port], {
      ...(tls === undefined ? {} : { backendTls: tls.ca === 'its own' ? { ...tls, ca: cert } : tls }),
    });
    const session = connectHttp2(`http://127.0.0.1:${verifying.port}`);
    const { status } = await callOn(session, {
      path: '/hello',
      headers: { ...ON_THE_FLY, 'x-waiter-backend-proto': proto },
    });
    session.destroy();
    await verifying.worker.close();
    instance.close();
    return status;
  };

  test('any certificate will do by default (spec 5.5)', async () => {
    expect(await asked(undefined)).toBe(200);
  });

  test('one of an unknown authority is refused where instances must prove who they are', async () => {
    expect(await asked({ verify: true })).toBe(502);
  });

  test('one of a trusted authority is accepted', async () => {
    expect(await asked({ verify: true, ca: 'its own' })).toBe(200);
  });
});
