import { gunzipSync } from 'node:zlib';
import { rawRequest } from '@waiter/testkit';
import { startKitchen, type RunningKitchen } from './kitchen';

describe('paths', () => {
  let kitchen: RunningKitchen;
  const get = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`http://127.0.0.1:${kitchen.port}${path}`, { redirect: 'manual', ...init });

  beforeAll(async () => {
    kitchen = await startKitchen({
      env: { HOME: '/home/me', DB_PASSWORD: 'secret', MyPasswordFile: 'secret' },
    });
  });
  afterAll(() => kitchen.close());

  it.each(['/', '/hello', '/status', '/constructor'])('%s greets', async (path) => {
    const response = await get(path);
    expect(response.status).toBe(200);
    expect(response.headers.get('server')).toBe('kitchen/1.0');
    expect(response.headers.get('content-type')).toBe('text/plain');
    expect(response.headers.get('content-length')).toBe('11');
    expect(response.headers.get('x-cid')).toMatch(/./);
    expect(await response.text()).toBe('Hello World');
  });

  it('case 4: echoes x-cid', async () => {
    expect((await get('/', { headers: { 'x-cid': '1234567890' } })).headers.get('x-cid')).toBe('1234567890');
  });

  it('case 12: answers 14 methods and reports them in lower case', async () => {
    const methods = 'DELETE COPY GET MOVE OPTIONS PATCH POST PUT LOCK UNLOCK MKCOL PROPFIND PROPPATCH'.split(
      ' ',
    );
    for (const method of methods) {
      const info = (await (await get('/request-info', { method })).json()) as Record<string, unknown>;
      expect(info['request-method']).toBe(method.toLowerCase());
    }
    expect((await get('/', { method: 'SEARCH' })).status).toBe(501);
  });

  it('case 13: answers HEAD without a body', async () => {
    for (const path of ['/?include=request-info', '/chunked', '/unchunked']) {
      const { text, ended } = await rawRequest(
        kitchen.port,
        `HEAD ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
      );
      expect({ ended, body: text.split('\r\n\r\n')[1] }).toEqual({ ended: 'closed', body: '' });
      expect(text).toMatch(/^HTTP\/1.1 200 OK\r\n/);
    }
  });

  it('/request-info shows the request as it arrived, secrets cut', async () => {
    const query = "q=~`!@$%^&*()_-+={}[]|:;'<>,.?&foo=%12jhsdf";
    const { text } = await rawRequest(
      kitchen.port,
      `POST /request-info?${query} HTTP/1.1\r\nHost: files.example\r\nX-Twice: 1\r\nx-twice: 2\r\n` +
        'Authorization: Basic d2FpdGVyOnNlY3JldA==\r\nCookie: short=1; long=0123456789012345678901234567890\r\n' +
        'User-Agent:\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello',
    );
    const info = JSON.parse(text.split('\r\n\r\n')[1] ?? '') as Record<string, unknown>;
    expect(info).toMatchObject({
      headers: {
        authorization: 'Basic d2FpdGVyO',
        cookie: ['short=1', 'long=01234567890123456789'],
        'content-length': '5',
        host: 'files.example',
        'user-agent': '',
        'x-twice': '1,2',
      },
      'protocol-version': 'HTTP/1.1',
      'query-string': query,
      'request-length': 5,
      'request-method': 'post',
      'request-version': 'HTTP/1.1',
      uri: '/request-info',
    });
    expect(text).not.toContain('d2FpdGVyOnNlY3JldA');
    expect(info['raw-headers']).toContainEqual(['X-Twice', '1']);
  });

  it('case 17: takes a header of 24 000 characters', async () => {
    expect((await get('/', { headers: { 'x-long': 'a'.repeat(24_000) } })).status).toBe(200);
  });

  it('?include=request-info on any path adds headers', async () => {
    const response = await get('/hello?include=request-info', { method: 'PUT', body: '1234' });
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'x-kitchen-protocol-version': 'HTTP/1.1',
      'x-kitchen-request-length': '4',
      'x-kitchen-request-method': 'put',
      'x-kitchen-request-version': 'HTTP/1.1',
    });
  });

  it('case 19: /bad-status answers the status asked for', async () => {
    for (const [path, status] of [
      ['/bad-status?status=401', 401],
      ['/bad-status', 500],
    ] as const) {
      const response = await get(path);
      expect([response.status, await response.text()]).toEqual([status, 'Hello World']);
    }
    expect((await get('/bad-status?status=204')).status).toBe(204);
    expect((await get('/bad-status?status=7')).status).toBe(500);
  });

  it('/sleep answers after a while', async () => {
    const began = performance.now();
    expect((await get('/sleep?sleep-ms=60&status=418')).status).toBe(418);
    expect(performance.now() - began).toBeGreaterThan(55);
    expect((await get('/sleep')).status).toBe(200);
  });

  it('/environment hides passwords', async () => {
    expect(await (await get('/environment')).json()).toEqual({ HOME: '/home/me' });
  });

  it.each([
    ['/chunked', null, 'chunked'],
    ['/unchunked', '100000', null],
  ])('%s sends lorem ipsum', async (path, length, encoding) => {
    const response = await get(path, { headers: { 'x-kitchen-response-size': '100000' } });
    expect(response.headers.get('content-length')).toBe(length);
    expect(response.headers.get('transfer-encoding')).toBe(encoding);
    const text = await response.text();
    expect(text).toHaveLength(100_000);
    expect(text).toMatch(/^Lorem ipsum .* laborum\. Lorem ipsum /);
  });

  it('cases 52 and 53: /gzip, chunked and with length', async () => {
    for (const chunked of ['true', 'false']) {
      const { text } = await rawRequest(
        kitchen.port,
        'GET /gzip HTTP/1.1\r\nHost: a\r\nConnection: close\r\nx-kitchen-response-size: 2000000\r\n' +
          `x-kitchen-chunked: ${chunked}\r\n\r\n`,
      );
      const [head = '', ...rest] = text.split('\r\n\r\n');
      expect(head).toMatch(/content-encoding: gzip/i);
      expect(/transfer-encoding: chunked/i.test(head)).toBe(chunked === 'true');
      expect(/content-length: \d+/i.test(head)).toBe(chunked === 'false');
      const response = await get('/gzip', {
        headers: { 'x-kitchen-response-size': '2000000', 'x-kitchen-chunked': chunked },
      });
      expect(await response.text()).toHaveLength(2_000_000);
      if (chunked === 'false') {
        expect(gunzipSync(Buffer.from(rest.join('\r\n\r\n'), 'latin1'))).toHaveLength(2_000_000);
      }
    }
  });

  it('/oom-instability holds memory for a while', async () => {
    const response = await get('/oom-instability?mebibytes=1&sleep-ms=1');
    expect(await response.text()).toBe('Held 1048576 bytes');
  });

  it('/die breaks the connection off and ends the listening', async () => {
    const mortal = await startKitchen();
    const url = `http://127.0.0.1:${mortal.port}`;
    await expect(fetch(`${url}/die`)).rejects.toThrow('fetch failed');
    await expect(fetch(`${url}/`)).rejects.toThrow('fetch failed');
    await mortal.close();
  });
});
