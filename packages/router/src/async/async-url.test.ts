import fc from 'fast-check';
import { AsyncUrls, type AsyncAddress } from './async-url';

const urls = new AsyncUrls(['new', 'old']);
const ADDRESS: AsyncAddress = {
  requestId: '18a3-7f-http',
  routerId: 'router-1',
  serviceId: 'waiter-service-x',
  host: '10.0.0.1',
  port: 31_000,
  protocol: null,
};

test('the shapes of 7.1', () => {
  expect(urls.write('status', ADDRESS, '/async/status?id=1')).toMatch(
    /^\/waiter-async\/status\/18a3-7f-http\.[\w-]{22}\/router-1\/waiter-service-x\/10\.0\.0\.1\/31000\/async\/status\?id=1$/,
  );
  const second = urls.write('result', { ...ADDRESS, protocol: 'h2c' }, '/r');
  expect(second).toMatch(/^\/waiter-async\/v2\/result\/18a3-7f-http\.[\w-]{22}\/[\w-]+\/r$/);
  expect(JSON.parse(Buffer.from(second.split('/')[5] ?? '', 'base64url').toString())).toEqual({
    host: '10.0.0.1',
    port: 31_000,
    proto: 'h2c',
    'router-id': 'router-1',
    'service-id': 'waiter-service-x',
  });
});

const text = fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' });
const addresses = fc.record({
  requestId: text,
  routerId: text,
  serviceId: fc.stringMatching(/^[a-z0-9-]{1,20}$/),
  host: fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain()),
  port: fc.integer({ min: 1, max: 65_535 }),
  protocol: fc.constantFrom(null, 'http', 'https', 'h2', 'h2c' as const),
});

test('what was written is read again, and nothing else', () => {
  const kinds = fc.constantFrom('status' as const, 'result' as const);
  const paths = fc.stringMatching(/^(?:\/[A-Za-z0-9._~%-]{0,8}){1,4}$/);
  fc.assert(
    fc.property(kinds, addresses, paths, fc.webQueryParameters(), (kind, address, path, query) => {
      const url = urls.write(kind, address, `${path}?${query}`);
      expect(urls.read(url.slice(0, url.indexOf('?')))).toEqual({ kind, address, path });
    }),
  );
});

test('a signature is of the cluster, the address and the path; the passwords may change', () => {
  const url = urls.write('status', ADDRESS, '/a/b');
  expect(urls.read(url)).toMatchObject({ kind: 'status' });
  expect(new AsyncUrls(['newest', 'new']).read(url)).toMatchObject({ kind: 'status' });
  expect(new AsyncUrls(['other']).read(url)).toBe('forged');
  for (const [from, to] of [
    ['10.0.0.1', '10.0.0.2'],
    ['31000', '31001'],
    ['service-x', 'service-y'],
    ['/a/b', '/a/c'],
    ['18a3', '18a4'],
    [/\.[\w-]{22}/, ''],
  ] as const) {
    expect(urls.read(url.replace(from, to))).toBe('forged');
  }
});

test('a client may normalise the path', () => {
  const url = urls.write('status', ADDRESS, '/a%7eb%2fc');
  expect(urls.read(url.replace('%7e', '~').replace('%2f', '%2F'))).toMatchObject({ path: '/a~b%2Fc' });
  expect(urls.read(url.replace('%2f', '/'))).toBe('forged');
});

test.each([
  '/waiter-async/status/',
  '/waiter-async/status/id/router/service/host/31000',
  '/waiter-async/status/id//service/host/31000/path',
  '/waiter-async/status/id/router/service/host/none/path',
  '/waiter-async/status/id/router/service/host/70000/path',
  '/waiter-async/v2/status/id/notjson/path',
  '/waiter-async/v2/status/id/e30/path',
  '/waiter-async/v2/result/id',
])('malformed: %s', (path) => {
  expect(urls.read(path)).toBe('malformed');
});

test('other paths', () => {
  expect(urls.read('/waiter-async/complete/a/b')).toBeNull();
  expect(urls.read('/apps')).toBeNull();
});
