import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:http2';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { selfSigned } from '@waiter/kitchen';
import { startRedis, temporaryDirectory, type RedisServer, type TemporaryDirectory } from '@waiter/testkit';
import { startRouterWithApi, type RouterWithApi } from './testing/router-with-api';

/** What a router says of itself, through every protocol that clients come with. */
let redis: RedisServer;
let directory: TemporaryDirectory;
let router: RouterWithApi;

beforeAll(async () => {
  redis = await startRedis();
  directory = await temporaryDirectory('waiter-own-pages-');
  const { cert, key } = await selfSigned(new Date(), ['localhost']);
  const [certFile, keyFile] = ['crt', 'key'].map((kind) => join(directory.path, kind)) as [string, string];
  await writeFile(certFile, cert);
  await writeFile(keyFile, key);
  const certificates = [{ certFile, keyFile }];
  router = await startRouterWithApi(redis.url, {
    tls: { port: 0, certificates, minVersion: 'TLSv1.2', reloadMs: 10_000 },
  });
});
afterAll(async () => {
  await router?.stop();
  await directory?.remove();
  await redis?.stop();
});

interface Told {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}
type Body = Record<string, unknown>;

interface Ask {
  readonly path: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly trailers?: Readonly<Record<string, string>>;
}

function http1(secure: boolean, { path, method = 'GET', headers = {}, trailers }: Ask): Promise<Told> {
  return new Promise((resolve, reject) => {
    const options: RequestOptions & { rejectUnauthorized: boolean } = {
      host: '127.0.0.1',
      port: secure ? router.tlsPort : router.port,
      path,
      method,
      agent: false,
      rejectUnauthorized: false,
      headers: { ...headers, ...(trailers === undefined ? {} : { 'transfer-encoding': 'chunked' }) },
    };
    const outgoing = (secure ? httpsRequest : httpRequest)(options, (reply: IncomingMessage) => {
      let text = '';
      reply.setEncoding('utf8').on('data', (piece: string) => (text += piece));
      reply.on('error', reject).on('end', () => {
        resolve({ status: reply.statusCode ?? 0, headers: reply.headers, text });
      });
    });
    outgoing.on('error', reject);
    if (trailers !== undefined) {
      outgoing.write('a body');
      outgoing.addTrailers(trailers);
    }
    outgoing.end();
  });
}

function http2(secure: boolean, { path, method = 'GET', headers = {}, trailers }: Ask): Promise<Told> {
  const origin = secure ? `https://127.0.0.1:${router.tlsPort}` : `http://127.0.0.1:${router.port}`;
  const session = connect(origin, { rejectUnauthorized: false });
  return new Promise<Told>((resolve, reject) => {
    session.on('error', reject);
    const stream = session.request(
      { ':method': method, ':path': path, ...headers },
      { endStream: trailers === undefined, waitForTrailers: trailers !== undefined },
    );
    let head: Body = {};
    let text = '';
    stream.on('response', (fields) => (head = { ...fields }));
    stream.setEncoding('utf8').on('data', (piece: string) => (text += piece));
    stream.on('error', reject);
    stream.on('end', () => resolve({ status: Number(head[':status']), headers: head, text }));
    if (trailers === undefined) return;
    stream.on('wantTrailers', () => stream.sendTrailers(trailers));
    stream.end('a body');
  }).finally(() => session.close());
}

const FRONTS = {
  'http/1.1': (ask: Ask) => http1(false, ask),
  'http/1.1 over TLS': (ask: Ask) => http1(true, ask),
  h2c: (ask: Ask) => http2(false, ask),
  h2: (ask: Ask) => http2(true, ask),
} as const;

test.each([
  ['http/1.1', 'HTTP/1.1', 'http'],
  ['http/1.1 over TLS', 'HTTP/1.1', 'https'],
  ['h2c', 'HTTP/2.0', 'http'],
  ['h2', 'HTTP/2.0', 'https'],
] as const)(
  'request-path cases 20 and 117: by %s, /status tells of %s and %s, and echoes trailers',
  async (front, protocol, scheme) => {
    const path = '/status?include=request-info';
    const trailers = { foo: 'bar', lorem: 'ipsum' };
    const spoofed = { 'x-waiter-debug': 'true', 'x-waiter-internal-protocol': 'HTTP/9' };
    for (const headers of [{}, spoofed]) {
      const { status, text } = await FRONTS[front]({ path, method: 'POST', trailers, headers });
      expect(status).toBe('x-waiter-internal-protocol' in headers ? 400 : 200);
      if (status !== 200) continue;
      const { 'request-info': info } = JSON.parse(text) as { 'request-info': Body & { headers: Body } };
      expect(info).toMatchObject({
        'client-protocol': protocol,
        'internal-protocol': protocol,
        scheme,
        trailers,
        headers: { 'transfer-encoding': 'chunked' },
      });
      expect(info.headers).not.toHaveProperty('x-waiter-internal-protocol');
    }
  },
);

test.each(Object.keys(FRONTS) as (keyof typeof FRONTS)[])(
  'request-path case 38: by %s, the welcome page in three formats, by GET alone',
  async (front) => {
    const ask = FRONTS[front];
    for (const [accept, type] of [
      ['*/*', 'text/plain'],
      ['text/html', 'text/html'],
      ['application/json', 'application/json'],
    ] as const) {
      const { status, headers, text } = await ask({ path: '/', headers: { accept } });
      expect([status, headers['content-type'], headers['server'], headers['via']]).toEqual([
        200,
        type,
        'waiter/0123456',
        expect.stringMatching(/^HTTP\/[12]\.[01] waiter\/0123456$/),
      ]);
      if (accept === 'application/json')
        expect(JSON.parse(text)).toMatchObject({ message: 'Welcome to Waiter' });
      else expect(text).toContain('Welcome to Waiter');
    }
    const refused = await ask({ path: '/', method: 'POST' });
    expect([refused.status, refused.text]).toEqual([405, expect.stringContaining('Only GET supported')]);
  },
);
