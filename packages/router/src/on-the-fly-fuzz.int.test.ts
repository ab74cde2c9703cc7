import fc from 'fast-check';
import { startKitchen, type RunningKitchen } from '@waiter/kitchen';
import { SERVICE_PARAMETERS } from '@waiter/core';
import { Store } from '@waiter/store';
import { rawRequest, startRedis, type RedisServer } from '@waiter/testkit';
import { ON_THE_FLY, startRouterUnderTest, type RouterUnderTest } from './testing/router-under-test';

let redis: RedisServer;
let store: Store;
let kitchen: RunningKitchen;
let router: RouterUnderTest;

const complete = { cmd: 'c', cpus: 1, mem: 64, version: '1', 'run-as-user': 'bob', 'permitted-user': '*' };
const TOKENS = {
  good: complete,
  part: { cpus: 1, env: { A: 'b' }, metadata: { a: 'b' } },
  open: { ...complete, authentication: 'disabled' },
  params: { ...complete, 'allowed-params': ['A', 'FOO'] },
  requester: { ...complete, 'run-as-user': '*', namespace: '*' },
};

beforeAll(async () => {
  redis = await startRedis();
  store = await Store.open({ url: redis.url, cluster: 'test' });
  for (const [name, data] of Object.entries(TOKENS)) {
    const later = { ...data, version: '2', owner: 'bob', 'last-update-time': Date.now() };
    await store.tokens.write({ name, data: { ...data, owner: 'bob', 'last-update-time': 1 } });
    await store.tokens.write({ name, data: later });
  }
  kitchen = await startKitchen({ env: {} });
  router = await startRouterUnderTest(redis.url, [kitchen.port]);
});
afterAll(async () => {
  await router.worker.close();
  await kitchen.close();
  await store.close();
  await redis.stop();
});

// Field names are tokens; field values are visible characters, blanks, tabs and bytes beyond ASCII (RFC 9110, 5.5, 5.6.2).
const TCHAR = [..."!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"];
const VCHAR = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).filter(
  (char) => char === '\t' || (char >= ' ' && char !== '\x7f' && !(char > '~' && char < '\x80')),
);
const name = fc.string({ unit: fc.constantFrom(...TCHAR), minLength: 1, maxLength: 20 });
const bytes = fc.string({ unit: fc.constantFrom(...VCHAR), maxLength: 60 });
const json = fc.json({ maxDepth: 3 }).map((text) => Buffer.from(text).toString('latin1'));
const TELLING = [
  '',
  '0',
  '1',
  '-1',
  '0.5',
  '1e999',
  '2',
  '""',
  '{}',
  '[]',
  'null',
  'true',
  '*',
  'webapp',
  ',',
];
const DEEP = ['['.repeat(5000), '{"a":'.repeat(2000), '9'.repeat(400)];
const value = fc.oneof(bytes, json, fc.constantFrom(...TELLING, ...DEEP, 'A,FOO', 'disabled', 'bob'));
const tokens = fc.oneof(
  fc.constantFrom(...Object.keys(TOKENS), 'good,part', 'part,params', '^SERVICE-ID#x', '__proto__', 'a,,b,'),
  bytes,
);
const header = fc.oneof(
  fc.tuple(
    fc.constantFrom(...SERVICE_PARAMETERS.map((p) => p.name)).filter((p) => p !== 'backend-proto'),
    value,
  ),
  fc.tuple(
    fc
      .tuple(
        fc.constantFrom('env-', 'metadata-', 'param-', ''),
        fc.oneof(name, fc.constantFrom('a', '__proto__')),
      )
      .map((parts) => parts.join('')),
    value,
  ),
  fc.tuple(fc.constant('token'), tokens),
  fc.tuple(fc.constant('fallback-period-secs'), value),
);
const request = fc.record({
  host: fc.constantFrom('localhost', 'good', 'part', 'open', 'nobody.example'),
  described: fc.boolean(),
  headers: fc.array(header, { maxLength: 8 }),
  accept: fc.constantFrom('application/json', '*/*'),
});

test('on-the-fly headers: any bytes that HTTP allows are served or refused with an error, never 500, never a hang', async () => {
  const seen = new Set<number>();
  await fc.assert(
    fc.asyncProperty(request, async ({ host, described, headers, accept }) => {
      const all = [
        ...(described ? Object.entries(ON_THE_FLY) : []),
        ...headers.map(([key, text]) => [`x-waiter-${key}`, text.trim()] as const),
      ];
      const lines = all.map(([key, text]) => `${key}: ${text}\r\n`).join('');
      const { text, ended } = await rawRequest(
        router.port,
        `GET /hello HTTP/1.1\r\nHost: ${host}\r\nAccept: ${accept}\r\nConnection: close\r\n${lines}\r\n`,
        { timeoutMs: 5_000 },
      );
      expect(ended).toBe('closed');
      const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(text)?.[1]);
      seen.add(status);
      expect({ status, ok: status === 200 || (status >= 400 && status < 500), text }).toMatchObject({
        ok: true,
      });
      if (status === 200 || accept !== 'application/json') return;
      const body = JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4)) as Record<string, unknown>;
      expect(body).toEqual(
        'error' in body
          ? { error: expect.any(String) }
          : { 'waiter-error': expect.objectContaining({ message: expect.any(String), status }) },
      );
    }),
    { numRuns: 1_000 },
  );
  expect([...seen]).toEqual(expect.arrayContaining([200, 400, 404]));
}, 60_000);
