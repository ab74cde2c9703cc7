import { foldHeaders } from '../accept';
import { requestHeaders, upgradeHeaders, type OutgoingRequest } from './request-headers';
import { responseHeaders, type ResponseAdditions } from './response-headers';
import { servicePassword } from './service-password';

const outgoing = (raw: readonly string[], given: Partial<OutgoingRequest> = {}): OutgoingRequest => ({
  headers: foldHeaders(raw),
  chunked: false,
  cid: 'cid-1',
  clientProtocol: 'HTTP/1.1',
  product: 'waiter/abc',
  authorization: 'Basic xyz',
  principal: 'alice@example.com',
  ...given,
});

describe('foldHeaders', () => {
  test('lower-cases names and joins repeated ones', () => {
    const folded = foldHeaders(['X-A', '1', 'x-a', '2', 'Cookie', 'a=b', 'Cookie', 'c=d', '__proto__', 'x']);
    expect({ ...folded }).toEqual(
      Object.fromEntries([
        ['x-a', '1,2'],
        ['cookie', 'a=b; c=d'],
        ['__proto__', 'x'],
      ]),
    );
  });
});

describe('request headers (2.3)', () => {
  test('credentials, principal, cid and via', () => {
    expect(requestHeaders(outgoing(['Host', 'a', 'Authorization', 'Bearer t', 'Via', '1.0 x']))).toEqual({
      host: 'a',
      authorization: 'Basic xyz',
      'x-cid': 'cid-1',
      via: '1.0 x, HTTP/1.1 waiter/abc',
      'x-waiter-auth-principal': 'alice',
      'x-waiter-authenticated-principal': 'alice@example.com',
    });
  });

  test('nobody authenticated: no principal, not even a given one', () => {
    const sent = requestHeaders(outgoing(['x-waiter-auth-principal', 'root'], { principal: null }));
    expect(Object.keys(sent)).toEqual(['authorization', 'x-cid', 'via']);
  });

  test.each([
    'expect',
    'connection',
    'keep-alive',
    'proxy-authorization',
    'te',
    'trailer',
    'upgrade',
    'x-waiter-anything',
  ])('%s is dropped', (name) => {
    expect(requestHeaders(outgoing([name, 'v']))).not.toHaveProperty(name);
  });

  test('what Connection names is dropped, but not the framing or the host', () => {
    const sent = requestHeaders(
      outgoing([
        'Connection',
        'close, X-One ,content-length,host',
        'X-One',
        '1',
        'Content-Length',
        '3',
        'Host',
        'h',
      ]),
    );
    expect(sent).toMatchObject({ 'content-length': '3', host: 'h' });
    expect(sent).not.toHaveProperty('x-one');
  });

  test('the framing is stated anew', () => {
    const sent = requestHeaders(outgoing(['Transfer-Encoding', 'chunked'], { chunked: true }));
    expect(sent['transfer-encoding']).toBe('chunked');
    expect(requestHeaders(outgoing(['Content-Length', '0']))['content-length']).toBe('0');
  });

  test.each([
    ['x-waiter-auth=a; b=c; x-auth-expires-at=1; d=e; x-waiter-oidc-challenge-7=f', 'b=c; d=e'],
    ['x-waiter-auth=a', undefined],
    ['x-waiter-consent=a', 'x-waiter-consent=a'],
    ['plain=1', 'plain=1'],
  ])('cookies %s', (cookie, expected) => {
    expect(requestHeaders(outgoing(['Cookie', cookie]))['cookie']).toBe(expected);
  });

  test('a WebSocket handshake (2.4)', () => {
    const sent = upgradeHeaders(
      outgoing([
        'Host',
        'a',
        'Cookie',
        'c=d',
        'Pragma',
        'x',
        'Origin',
        'o',
        'Sec-WebSocket-Key',
        'k',
        'Upgrade',
        'WebSocket',
      ]),
      '10.0.0.1:80',
    );
    expect(sent).toMatchObject({
      host: '10.0.0.1:80',
      origin: 'o',
      'sec-websocket-key': 'k',
      connection: 'Upgrade',
      upgrade: 'websocket',
    });
    for (const name of ['cookie', 'pragma']) expect(sent).not.toHaveProperty(name);
  });
});

describe('response headers (2.5)', () => {
  const relay = (raw: readonly string[], more: Partial<ResponseAdditions> = {}) =>
    responseHeaders(raw, '1.1', {
      cid: 'cid-1',
      product: 'waiter/abc',
      way: {},
      cors: null,
      cookies: null,
      ...more,
    });

  test('as they are, and x-cid and via', () => {
    expect(relay(['Server', 'X', 'Set-Cookie', 'a=b', 'Set-Cookie', 'c=d'])).toEqual([
      'Server',
      'X',
      'Set-Cookie',
      'a=b',
      'Set-Cookie',
      'c=d',
      'x-cid',
      'cid-1',
      'via',
      'HTTP/1.1 waiter/abc',
    ]);
  });

  test('the x-cid of the instance wins; via is appended', () => {
    expect(relay(['X-Cid', 'theirs', 'Via', '1.1 a', 'via', '1.1 b'])).toEqual([
      'X-Cid',
      'theirs',
      'via',
      '1.1 a, 1.1 b, HTTP/1.1 waiter/abc',
    ]);
  });

  test('hop-by-hop headers and Waiter cookies are dropped', () => {
    const raw = [
      'Connection',
      'X-Hop',
      'connection',
      'close',
      'X-Hop',
      '1',
      'Transfer-Encoding',
      'chunked',
      'Set-Cookie',
      'x-waiter-auth=1',
    ];
    expect(relay(raw)).toEqual(['x-cid', 'cid-1', 'via', 'HTTP/1.1 waiter/abc']);
  });

  test('what a page of another origin is told takes the place of what the instance says', () => {
    const cors = { 'access-control-allow-origin': 'https://a', 'access-control-allow-credentials': 'true' };
    const raw = ['Access-Control-Allow-Origin', '*', 'Access-Control-Max-Age', '9', 'Vary', 'Accept'];
    expect(relay(raw, { cors })).toEqual([
      ...['Access-Control-Max-Age', '9', 'Vary', 'Accept', 'x-cid', 'cid-1', 'via', 'HTTP/1.1 waiter/abc'],
      ...['access-control-allow-origin', 'https://a', 'access-control-allow-credentials', 'true'],
      ...['vary', 'Origin'],
    ]);
  });

  test('new cookies come beside those of the instance', () => {
    const raw = ['Set-Cookie', 'a=b', 'Set-Cookie', 'x-waiter-auth=theirs'];
    expect(
      relay(raw, { cookies: ['x-waiter-auth=ours'] }).filter((_, i, all) =>
        all[i - 1]?.match(/^set-cookie$/i),
      ),
    ).toEqual(['a=b', 'x-waiter-auth=ours']);
  });

  test('debug headers come last', () => {
    expect(relay([], { way: { 'x-waiter-router-id': 'r' } }).slice(-2)).toEqual(['x-waiter-router-id', 'r']);
  });
});

test('the service password is the md5 of service id and password', () => {
  expect(servicePassword('a', 'b')).toBe('187ef4436122d1cc2f40dc2b92f0eba0');
});
