import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { HostPorts } from './host-ports';

it('hands out each port once, and none that somebody listens on', async () => {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  const ports = new HostPorts([port - 1, port + 2]);
  expect(ports.take(1)).toBeUndefined();
  const ready = await ports.refill(4);
  expect(ready).toBeLessThanOrEqual(3);
  const taken = ports.take(ready) ?? [];
  expect(new Set(taken).size).toBe(ready);
  expect(taken).not.toContain(port);
  expect(await ports.refill(1)).toBe(0);
  ports.release(taken);
  expect(await ports.refill(1)).toBe(ready);
  listener.close();
});
