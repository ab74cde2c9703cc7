import { IncomingMessage } from 'node:http';
import fc from 'fast-check';
import { Socket } from 'node:net';
import { newFacts, RequestHead } from '../accept';
import { debugHeaders, logLine } from '.';

function headOf(headers: Record<string, string>, url = '/p?q=1'): RequestHead {
  const message = new IncomingMessage(new Socket());
  Object.assign(message, {
    method: 'GET',
    url,
    httpVersion: '1.1',
    rawHeaders: Object.entries(headers).flat(),
  });
  return new RequestHead(message);
}

test('2.6: nothing without x-waiter-debug, even with false in it', () => {
  expect(debugHeaders(headOf({}), newFacts(), 'r')).toEqual({});
  expect(debugHeaders(headOf({ 'x-waiter-debug': 'false' }), newFacts(), 'r')).toMatchObject({
    'x-waiter-router-id': 'r',
    'x-waiter-client-protocol': 'HTTP/1.1',
  });
});

test.each([
  [{}, 'http', 'HTTP/1.1'],
  [{ 'x-forwarded-proto': 'HTTPS', 'x-forwarded-proto-version': 'http/2' }, 'https', 'HTTP/2.0'],
  [{ 'x-forwarded-proto-version': 'HTTP/1' }, 'http', 'HTTP/1.0'],
] as [Record<string, string>, string, string][])(
  '1.3: scheme and protocol of %j',
  (headers, scheme, protocol) => {
    const head = headOf(headers);
    expect([head.scheme, head.clientProtocol]).toEqual([scheme, protocol]);
  },
);

test.each([
  ['/a?b?c', '/a?b?c', '/a', 'b?c'],
  ['http://h:1/a?b', '/a?b', '/a', 'b'],
  ['http://h', '/', '/', null],
  ['http://h?x', '/?x', '/', 'x'],
  ['/http://h/', '/http://h/', '/http://h/', null],
])('target %s', (url, target, path, queryString) => {
  expect(headOf({}, url)).toMatchObject({ target, path, queryString });
});

test('11: a line of the request log leaves out what is not known', () => {
  const line = JSON.parse(
    logLine(headOf({ host: 'h', 'x-cid': 'c', cookie: 'a=b' }), newFacts(), {
      status: 404,
      headers: ['Content-Type', 'text/plain', 'server', 'waiter/1'],
      requestType: 'waiter-proxy',
    }),
  ) as Record<string, unknown>;
  expect(line).toMatchObject({
    cid: 'c',
    host: 'h',
    path: '/p',
    'query-string': 'q=1',
    'cookie-header-length': 3,
    'response-content-type': 'text/plain',
    'response-header-count': 2,
    server: 'waiter/1',
    status: 404,
  });
  for (const name of ['service-id', 'principal', 'instance-id', 'response-location', 'referer']) {
    expect(line).not.toHaveProperty(name);
  }
});

test('11: whatever a client says arrives in the line as it said it, and the line is ASCII', () => {
  const text = fc.string({ unit: fc.constantFrom(...'a"\\\t\x7f\xe9\xff\u2028{},:') });
  fc.assert(
    fc.property(text, text, text, (agent, path, cid) => {
      const head = headOf({ 'user-agent': agent, 'x-cid': cid }, `/${path}?${path}`);
      const response = { status: 200, headers: ['Server', agent], requestType: 'waiter-proxy' } as const;
      const line = logLine(head, newFacts(), response);
      expect(line).toMatch(/^[\0-\x7f]*$/);
      expect(JSON.parse(line)).toMatchObject({
        'user-agent': agent,
        server: agent,
        path: `/${path}`,
        'query-string': path,
        ...(cid === '' ? {} : { cid }),
      });
    }),
  );
});
