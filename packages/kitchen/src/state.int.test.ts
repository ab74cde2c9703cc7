import { connect } from 'node:net';
import { once } from 'node:events';
import { rawRequest, waitFor } from '@waiter/testkit';
import { startKitchen, type RunningKitchen } from './kitchen';

describe('/kitchen-state', () => {
  let kitchen: RunningKitchen;
  const url = (path: string): string => `http://127.0.0.1:${kitchen.port}${path}`;
  const state = async (): Promise<Record<string, number>> =>
    (await (await fetch(url('/kitchen-state'))).json()) as Record<string, number>;
  const pending = (count: number): Promise<unknown> =>
    waitFor(`${count} pending requests`, async () => (await state())['pending-http-requests'] === count);

  beforeEach(async () => {
    kitchen = await startKitchen();
  });
  afterEach(() => kitchen.close());

  it('counts itself and health checks in the total only', async () => {
    await fetch(url('/status'));
    await fetch(url('/'));
    expect(await state()).toEqual({
      'async-requests': 0,
      instance: process.pid,
      'max-pending-http-requests': 1,
      'pending-http-requests': 0,
      'pending-ws-requests': 0,
      'total-http-requests': 3,
      'total-ws-requests': 0,
    });
  });

  it('reports the greatest number of requests at once', async () => {
    const slow = [1, 2, 3].map(() => fetch(url('/'), { headers: { 'x-kitchen-delay-ms': '200' } }));
    await pending(3);
    await Promise.all(slow);
    await pending(0);
    for (let i = 0; i < 5; i++) await (await fetch(url('/'))).text();
    expect((await state())['max-pending-http-requests']).toBe(3);
  });

  it('one request after the other over many connections is never two at once', async () => {
    for (let i = 0; i < 200; i++) {
      const head = `GET / HTTP/1.1\r\nHost: a\r\nx-kitchen-response-size: 20000\r\n\r\n`;
      const { text } = await rawRequest(kitchen.port, head, { until: /Lorem[^]{19995}/ });
      expect(text).toContain('Lorem');
    }
    expect((await state())['max-pending-http-requests']).toBe(1);
  });

  it('case 57: a client that leaves during a delay, a slow body, an upload or an endless response is not pending', async () => {
    const heads = [
      'GET / HTTP/1.1\r\nHost: a\r\nx-kitchen-delay-ms: 60000\r\n\r\n',
      'GET /sleep?sleep-ms=60000 HTTP/1.1\r\nHost: a\r\n\r\n',
      'GET /chunked HTTP/1.1\r\nHost: a\r\nx-kitchen-chunk-delay: 60000\r\n\r\n',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc',
      'POST / HTTP/1.1\r\nHost: a\r\nx-kitchen-echo: stream\r\nContent-Length: 10\r\n\r\nabc',
      'GET /unchunked HTTP/1.1\r\nHost: a\r\n\r\n', // 50 MiB that nobody reads
    ];
    const sockets = heads.map((head) => {
      const socket = connect(kitchen.port, '127.0.0.1', () => socket.write(head));
      return socket.on('error', () => undefined).pause();
    });
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    await pending(heads.length);
    for (const socket of sockets) socket.destroy();
    await pending(0);
  });

  it('close finishes what is in flight, keep-alive connections included', async () => {
    await (await fetch(url('/'))).text(); // leaves an idle connection behind
    const slow = fetch(url('/'), { headers: { 'x-kitchen-delay-ms': '100' } });
    await pending(1);
    await kitchen.close();
    expect(await (await slow).text()).toBe('Hello World');
  });
});
