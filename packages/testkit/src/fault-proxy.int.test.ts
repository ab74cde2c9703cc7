import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { startFaultProxy, type FaultProxy } from './fault-proxy';
import { rawRequest } from './raw-request';
import { waitFor } from './wait-for';

describe('startFaultProxy', () => {
  let echo: Server;
  let proxy: FaultProxy;
  const seen: string[] = [];

  beforeAll(async () => {
    echo = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (bytes) => {
        seen.push(bytes.toString());
        socket.write(bytes);
      });
    }).listen(0, '127.0.0.1');
    await once(echo, 'listening');
    proxy = await startFaultProxy({ targetPort: (echo.address() as AddressInfo).port });
  });
  afterAll(async () => {
    await proxy.stop();
    echo.close();
  });

  async function open(): Promise<{ socket: Socket; text(): string }> {
    let text = '';
    const socket = connect(proxy.port, '127.0.0.1');
    socket.on('error', () => undefined).on('data', (bytes) => (text += bytes.toString()));
    await once(socket, 'connect');
    return { socket, text: () => text };
  }

  it('passes bytes both ways, and the end of one side', async () => {
    const big = 'x'.repeat(3_000_000);
    const reply = await rawRequest(proxy.port, [big, '.'], { until: /\.$/, timeoutMs: 10_000 });
    expect(reply).toEqual({ text: `${big}.`, ended: 'matched' });
    await waitFor('the connection to be gone', () => proxy.connections() === 0);
  });

  it('cut resets connections and refuses new ones until heal', async () => {
    const { socket } = await open();
    await waitFor('the connection', () => proxy.connections() === 1);
    const closed = new Promise<boolean>((resolve) => socket.once('close', resolve));
    await proxy.cut();
    expect(await closed).toBe(true); // with an error: a reset
    await expect(rawRequest(proxy.port, 'hello')).rejects.toThrow('ECONNREFUSED');
    await proxy.heal();
    expect(await rawRequest(proxy.port, 'hello', { until: /hello/ })).toMatchObject({ ended: 'matched' });
  });

  it('stall accepts but passes nothing until heal, then everything', async () => {
    seen.length = 0;
    const old = await open();
    proxy.stall();
    old.socket.write('old');
    const young = await open();
    young.socket.write('young');
    expect(await rawRequest(proxy.port, 'third', { timeoutMs: 50 })).toEqual({ text: '', ended: 'deadline' });
    expect(seen).toEqual([]);
    await proxy.heal();
    await waitFor('both echoes', () => old.text() === 'old' && young.text() === 'young');
    old.socket.destroy();
    young.socket.destroy();
  });

  it('delay passes everything in order, later, the end included', async () => {
    proxy.delay(20);
    const { socket, text } = await open();
    for (const piece of ['a', 'b', 'c']) socket.write(piece);
    socket.end();
    await once(socket, 'end');
    expect(text()).toBe('abc');
    await proxy.heal();
  });
});
