import { request as httpRequest } from 'node:http';
import { rawRequest } from '@waiter/testkit';
import { startKitchen, type RunningKitchen } from './kitchen';

const MEGABYTE = 1_000_000;

describe('x-kitchen- headers', () => {
  let kitchen: RunningKitchen;
  const ask = (knobs: Record<string, string>, init: RequestInit = {}, path = '/'): Promise<Response> => {
    const headers = Object.entries(knobs).map(([name, value]): [string, string] => [
      `x-kitchen-${name}`,
      value,
    ]);
    return fetch(`http://127.0.0.1:${kitchen.port}${path}`, {
      ...init,
      headers: { ...(init.headers as Record<string, string>), ...Object.fromEntries(headers) },
    });
  };
  const raw = (head: string, body = ''): Promise<{ text: string; ended: string }> =>
    rawRequest(kitchen.port, `${head.trim().replaceAll('\n', '\r\n')}\r\nHost: a\r\n\r\n${body}`);
  /** The whole response of a connection that is to be closed after it. */
  const text = async (head: string, body?: string): Promise<string> =>
    (await raw(`${head}\nConnection: close`, body)).text;

  beforeAll(async () => {
    kitchen = await startKitchen({ enableStatusChange: true });
  });
  afterAll(() => kitchen.close());

  it('cases 10, 11 and 27: echo returns the body of any method, 10 MB included', async () => {
    for (const method of ['POST', 'PUT']) {
      const response = await ask(
        { echo: 'true' },
        { method, body: 'Hello.World', headers: { 'content-type': 'text/foo-bar' } },
      );
      expect(response.headers.get('content-type')).toBe('text/foo-bar');
      expect(await response.text()).toBe('Hello.World');
    }
    const big = Buffer.alloc(10 * MEGABYTE, 'abcdefg');
    const response = await ask({ echo: 'true' }, { method: 'POST', body: big });
    expect(Buffer.from(await response.arrayBuffer()).equals(big)).toBe(true);
    expect(await text('GET / HTTP/1.1\nx-kitchen-echo: true\nContent-Length: 3', 'abc')).toMatch(
      /\r\n\r\nabc$/,
    );
  });

  it('a chunked request gets a chunked answer, any other one with length', async () => {
    const chunked = await text(
      'POST / HTTP/1.1\nx-kitchen-echo: true\nTransfer-Encoding: chunked',
      '3\r\nabc\r\n0\r\n\r\n',
    );
    expect(chunked).toMatch(/Transfer-Encoding: chunked\r\n/i);
    expect(chunked).not.toMatch(/Content-Length/i);
    expect(chunked).toMatch(/\r\n\r\n3\r\nabc\r\n0\r\n\r\n$/);
  });

  it('echo: stream returns each piece before the next one is sent', async () => {
    const request = httpRequest({
      port: kitchen.port,
      method: 'POST',
      headers: { 'x-kitchen-echo': 'stream' },
    });
    request.write('ping 0');
    const response = await new Promise<NodeJS.ReadableStream>((resolve) => request.once('response', resolve));
    let turns = 0;
    for await (const piece of response) {
      expect(String(piece)).toBe(`ping ${turns}`);
      if (++turns === 5) request.end();
      else request.write(`ping ${turns}`);
    }
    expect(turns).toBe(5);
  });

  it('delay-ms delays, act-busy answers 503', async () => {
    const began = performance.now();
    expect((await ask({ 'delay-ms': '60' })).status).toBe(200);
    expect(performance.now() - began).toBeGreaterThan(55);
    expect((await ask({ 'act-busy': 'true' })).status).toBe(503);
    expect((await ask({ 'act-busy': 'false' })).status).toBe(200);
  });

  it('case 22: cookies are set one by one, quoted', async () => {
    const response = await ask({ cookies: 'test=CrazyCase,test2=lol2,test3="lol3"' });
    expect(response.headers.getSetCookie()).toEqual(['test=CrazyCase', 'test2=lol2', 'test3=%22lol3%22']);
  });

  it('content-type and exclude-headers change the head', async () => {
    expect((await ask({ 'content-type': 'text/odd' })).headers.get('content-type')).toBe('text/odd');
    const stripped = await text('GET / HTTP/1.1\nx-kitchen-exclude-headers: Server, date,x-cid');
    expect(stripped).not.toMatch(/^(server|date|x-cid):/im);
    // Without length and chunking, the end of the connection is the framing.
    const bare = await raw('GET / HTTP/1.1\nx-kitchen-exclude-headers: content-length,transfer-encoding');
    expect(bare).toMatchObject({ ended: 'closed', text: expect.stringMatching(/\r\n\r\nHello World$/) });
    expect(bare.text).not.toMatch(/content-length|transfer-encoding/i);
  });

  it('chunk-size and chunk-delay imply chunks', async () => {
    const pieces = await text('GET / HTTP/1.1\nx-kitchen-chunk-size: 4\nx-kitchen-chunk-delay: 1');
    expect(pieces).toMatch(/\r\n\r\n4\r\nHell\r\n4\r\no Wo\r\n3\r\nrld\r\n0\r\n\r\n$/);
    const began = performance.now();
    const slow = await ask(
      { 'chunk-delay': '20', 'chunk-size': '1000', 'response-size': '4000' },
      {},
      '/chunked',
    );
    expect(await slow.text()).toHaveLength(4000);
    expect(performance.now() - began).toBeGreaterThan(55);
    expect(await text('GET / HTTP/1.1\nx-kitchen-chunked: true')).toMatch(/Transfer-Encoding: chunked/i);
  });

  it('an HTTP/1.0 client gets no chunks', async () => {
    const { text: response, ended } = await raw('GET /chunked HTTP/1.0\nx-kitchen-response-size: 100');
    expect(ended).toBe('closed');
    expect(response).not.toMatch(/transfer-encoding/i);
    expect(response.split('\r\n\r\n')[1]).toHaveLength(100);
  });

  it('response-size sizes the greeting too', async () => {
    expect(await (await ask({ 'response-size': '300000' })).text()).toHaveLength(300_000);
  });

  it.each(['/chunked', '/unchunked', '/gzip'])(
    'cases 54 to 56: %s with fail-after ends too early',
    async (path) => {
      const cut = await raw(
        `GET ${path} HTTP/1.1\nx-kitchen-response-size: 100000\nx-kitchen-fail-after: 50\nx-kitchen-chunked: ${path !== '/unchunked'}`,
      );
      expect(cut).toMatchObject({ ended: 'closed', text: expect.stringMatching(/^HTTP\/1.1 200 OK/) });
      expect(cut.text).not.toMatch(/\r\n0\r\n\r\n$/);
      const body = cut.text.slice(cut.text.indexOf('\r\n\r\n') + 4);
      expect(path === '/unchunked' ? body : withoutChunks(body)).toHaveLength(50);
      await expect(
        ask({ 'response-size': '100000', 'fail-after': '100' }, {}, path).then(
          async (response) => (await response.arrayBuffer()).byteLength,
        ),
      ).rejects.toThrow('terminated');
    },
  );

  it('fail-after: 0 sends the head only', async () => {
    const cut = await raw('GET / HTTP/1.1\nx-kitchen-fail-after: 0');
    expect(cut.ended).toBe('closed');
    expect(cut.text).toMatch(/content-length: 11\r\n[^]*\r\n\r\n$/);
  });

  it('case 119: trailers come with chunks, late if asked, with any status', async () => {
    for (const status of [200, 400, 500]) {
      const response = await text(
        `GET /bad-status?status=${status} HTTP/1.1\nx-kitchen-chunked: true\nx-kitchen-trailer-foo: bar\n` +
          'x-kitchen-trailer-lorem: ipsum\nx-kitchen-pre-trailer-sleep-ms: 20',
      );
      expect(response).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
      expect(response).toMatch(/\r\ntrailer: foo, lorem\r\n/i);
      expect(response).toMatch(/\r\nb\r\nHello World\r\n0\r\nfoo: bar\r\nlorem: ipsum\r\n\r\n$/);
    }
    expect(await text('GET / HTTP/1.1\nx-kitchen-trailer-foo: bar')).not.toContain('bar');
  });

  it('default-status-value changes the status, health checks included, until the timeout', async () => {
    expect((await ask({ 'default-status-value': '503' })).status).toBe(503);
    expect((await ask({}, {}, '/status')).status).toBe(503);
    expect((await ask({}, {}, '/kitchen-state')).status).toBe(200);
    expect((await ask({ 'default-status-value': '404', 'default-status-timeout': '30' })).status).toBe(404);
    await ask({}, {}, '/sleep?sleep-ms=40');
    expect((await ask({})).status).toBe(200);
  });

  it('status change needs its flag', async () => {
    const strict = await startKitchen();
    const headers = { 'x-kitchen-default-status-value': '503' };
    expect((await fetch(`http://127.0.0.1:${strict.port}/`, { headers })).status).toBe(200);
    await strict.close();
  });

  it('die-after-ms and fail-by-terminating-jvm end the kitchen', async () => {
    for (const headers of [
      { 'x-kitchen-die-after-ms': '20' },
      { 'x-kitchen-fail-by-terminating-jvm': 'true' },
    ]) {
      let died: (code: number) => void = () => undefined;
      const death = new Promise<number>((resolve) => (died = resolve));
      const mortal = await startKitchen({ exit: (code) => died(code) });
      expect(await (await fetch(`http://127.0.0.1:${mortal.port}/`, { headers })).text()).toBe('Hello World');
      expect(await death).toBe(1);
      await mortal.close();
    }
  });
});

/** The content of whole chunks. */
function withoutChunks(body: string): string {
  let content = '';
  for (let at = 0; at < body.length;) {
    const end = body.indexOf('\r\n', at);
    const size = parseInt(body.slice(at, end), 16);
    content += body.slice(end + 2, end + 2 + size);
    at = end + 2 + size + 2;
  }
  return content;
}
