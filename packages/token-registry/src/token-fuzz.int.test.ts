import { request as httpRequest } from 'node:http';
import { type RedisServer, startRedis } from '@waiter/testkit';
import fc from 'fast-check';
import request from 'supertest';
import { type Registry, startRegistry } from './testing/registry';
import { listen, type ListeningApp } from './testing/watcher';

let redis: RedisServer;
let registry: Registry;
let app: ListeningApp;

beforeAll(async () => {
  redis = await startRedis();
  registry = await startRegistry({ url: redis.url });
  app = await listen(registry.app);
});

afterAll(async () => {
  await app.close();
  await registry.close();
  await redis.stop();
});

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** @throws Error when there is no whole response within a second */
function send({ method, path, headers, body }: Sent): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      {
        host: '127.0.0.1',
        port: app.port,
        method,
        path,
        headers: { 'content-length': body.length, ...headers },
        agent: false,
        signal: AbortSignal.timeout(1_000),
      },
      (response) => {
        const pieces: Buffer[] = [];
        response.on('data', (piece: Buffer) => pieces.push(piece));
        response.on('error', reject);
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(pieces).toString() }),
        );
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

const KEYS = [
  ['token', 'cmd', 'cpus', 'mem', 'env', 'metadata', 'owner', 'editor', 'previous', 'deleted', 'profile'],
  ['allowed-params', 'cors-rules', 'maintenance', 'last-update-time', 'last-update-user', 'root', 'cluster'],
  ['run-as-user', 'permitted-user', 'namespace', 'interstitial-secs', 'authentication', 'service-mapping'],
  ['min-instances', 'ports', 'health-check-url', 'x', '__proto__', 'constructor', 'toString', ''],
].flat();
const value = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom('fuzz', 'alice', '*', 'disabled', '(a+)+$', '\ud800', '\0', 1, -0, 1e300, true, null),
  fc.dictionary(fc.constantFrom(...KEYS), fc.jsonValue()),
);
const object = fc
  .array(fc.tuple(fc.constantFrom(...KEYS), value))
  .map((entries) => JSON.stringify(Object.fromEntries(entries)));
const word = fc.constantFrom('A', 'B_1', 'c', 'Zz');
const short = fc.string({ unit: 'binary', maxLength: 20 });
/** Ends up as a token more often than not. */
const plausible = fc
  .record(
    {
      token: fc.constant('fuzz'),
      cpus: fc.oneof(fc.double({ min: 0.1, max: 3, noNaN: true }), fc.integer({ min: 1, max: 33 })),
      mem: fc.integer({ min: 1, max: 2_000 }),
      env: fc.dictionary(word, short, { maxKeys: 3 }),
      metadata: fc.dictionary(word, short, { maxKeys: 3 }),
      'permitted-user': fc.constantFrom('*', 'alice', ''),
      'fallback-period-secs': fc.integer({ min: 0, max: 90_000 }),
      'https-redirect': fc.boolean(),
    },
    { requiredKeys: ['token', 'cpus'] },
  )
  .map((data) => JSON.stringify(data));
const body = fc.oneof(
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  fc
    .oneof(
      fc.string({ unit: 'binary' }),
      fc.json(),
      object,
      { arbitrary: plausible, weight: 5 },
      fc.constant('['.repeat(5_000)),
    )
    .map((text) => Buffer.from(text)),
  fc
    .string({ unit: fc.constantFrom('0', '9', '.', 'e', '-', '1') })
    .map((digits) => Buffer.from(`{"token":"fuzz","cpus":${digits}}`)),
);
const HEADERS = [
  ['if-match', 'x-waiter-token', 'host', 'content-type', 'content-encoding', 'accept', 'accept-encoding'],
  ['x-waiter-cpus', 'x-waiter-debug', 'x-cid', 'cookie', 'if-none-match', 'range', 'origin', 'referer'],
].flat();
const headerValue = fc.oneof(
  fc.constantFrom('fuzz', '', '*', 'application/json', 'text/html', 'application/grpc', 'gzip', 'br', 'x/y'),
  fc.string({ unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)) }),
);
const someHeaders = fc
  .dictionary(fc.constantFrom(...HEADERS), headerValue)
  .map((given) =>
    Object.fromEntries(Object.entries(given).map(([name, text]) => [name, text.replace(/\x7f/g, '')])),
  );
const headers = fc.oneof({ arbitrary: fc.constant({}), weight: 2 }, { arbitrary: someHeaders, weight: 3 });
const path = fc.oneof(
  { arbitrary: fc.constant('/token'), weight: 2 },
  fc
    .constantFrom(
      ...[
        '?update-mode=admin',
        '?token=fuzz',
        '?token=fuzz&update-mode=admin',
        '?%',
        '?token=%00',
        '?token[]=fuzz',
      ],
      ...['?token=fuzz&token=fuzz', '?token=%F0%9F', '?update-mode=', '?__proto__=1'],
    )
    .map((query) => `/token${query}`),
);

test('fuzz: any body under any headers gets 2xx or 4xx with the error shape within a second, and changes no other token', async () => {
  const bystander = { token: 'bystander', name: 'n', env: { A: 'b' }, metadata: { c: 'd' } };
  await request(registry.app).post('/token').send(bystander).expect(200);
  const readBystander = async (): Promise<unknown> =>
    (await request(registry.app).get('/token?token=bystander&include=metadata').expect(200)).body;
  const before = await readBystander();
  const count = { ok: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(body, path, headers, async (bytes, target, given) => {
      const { status, text } = await send({ method: 'POST', path: target, headers: given, body: bytes });
      expect(status >= 200 && status < 500).toBe(true);
      if (status < 300) count.ok += 1;
      else {
        expect(status).toBeGreaterThanOrEqual(400);
        count.refused += 1;
        expectErrorShape(text, given);
      }
      const read = await send({
        method: 'GET',
        path: '/token?token=fuzz&include=metadata&include=deleted',
        headers: {},
        body: Buffer.alloc(0),
      });
      expect([200, 404]).toContain(read.status);
    }),
    { numRuns: 400 },
  );
  // Both ways are taken, or the generator has gone astray.
  expect(count.ok).toBeGreaterThan(5);
  expect(count.refused).toBeGreaterThan(100);
  expect(await readBystander()).toEqual(before);
}, 60_000);

/** The form depends on what was accepted (spec: services-and-tokens 0.5); Node refuses some heads itself. */
function expectErrorShape(text: string, given: Readonly<Record<string, string>>): void {
  const accept = given['accept'] ?? '';
  if (accept.includes('application/json')) {
    expect((JSON.parse(text) as { 'waiter-error': unknown })['waiter-error']).toMatchObject({
      message: expect.any(String),
      status: expect.any(Number),
    });
  } else if (accept.includes('text/html')) expect(text).toContain('<html>');
}

test('fuzz: deleting and reading under any headers, too', async () => {
  await request(registry.app).post('/token').send({ token: 'kept', name: 'n' }).expect(200);
  const methods = fc.constantFrom('DELETE', 'GET', 'PUT', 'PATCH', 'OPTIONS');
  const paths = fc.constantFrom(
    ...['/token', '/token?hard-delete=true', '/tokens?name=(', '/tokens?watch=true&streaming-timeout=0'],
    ...['/token-history?token=fuzz', '/token-history', '/tokens?parameters=__proto__.x', '/tokens?env.=%00'],
  );
  await fc.assert(
    fc.asyncProperty(methods, paths, headers, async (method, target, given) => {
      const { status } = await send({ method, path: target, headers: given, body: Buffer.alloc(0) });
      expect(status >= 200 && status < 500).toBe(true);
    }),
    { numRuns: 200 },
  );
  await request(registry.app).get('/token?token=kept').expect(200);
}, 60_000);
