import { createServer as createHttp2, type Http2Server } from 'node:http2';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createTcp, type AddressInfo, type Server as TcpServer } from 'node:net';
import { startKitchen } from '@waiter/kitchen';
import { freePort } from '@waiter/testkit';
import { checkHealth, type CheckedService } from './check';

const SERVICE: CheckedService = {
  healthCheckUrl: 'status',
  healthCheckProto: 'http',
  healthCheckPortIndex: 0,
  healthCheckAuthentication: 'disabled',
  runAsUser: 'alice',
};
const servers: (Server | TcpServer | Http2Server)[] = [];
const listen = async (server: Server | TcpServer | Http2Server): Promise<number> => {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  return (server.address() as AddressInfo).port;
};
afterEach(async () => {
  for (const server of servers.splice(0)) {
    if ('closeAllConnections' in server) server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});
const check = (port: number, service: Partial<CheckedService> = {}, extraPorts: number[] = []) =>
  checkHealth(
    { host: '127.0.0.1', port, extraPorts },
    { ...SERVICE, ...service },
    { timeoutMs: 200, password: 'p' },
  );

describe('health checks (spec: scaling-and-schedulers 3.6)', () => {
  test('cases 28 and 29: 2xx is healthy; path gets its slash, headers are those of a health check', async () => {
    let seen: IncomingMessage | undefined;
    const port = await listen(
      createServer((request, response) => response.writeHead((seen = request) && 204).end()),
    );
    expect(await check(port)).toEqual({ healthy: true, status: 204, flags: [] });
    expect(seen?.url).toBe('/status');
    expect(seen?.headers).toMatchObject({ host: '127.0.0.1', 'x-waiter-request-type': 'health-check' });
    expect(seen?.headers['x-cid']).toMatch(/^waiter-health-check-/);
    expect(seen?.headers.authorization).toBeUndefined();
    await check(port, { healthCheckAuthentication: 'standard' });
    expect(seen?.headers.authorization).toBe(`Basic ${Buffer.from('waiter:p').toString('base64')}`);
    expect(seen?.headers['x-waiter-auth-principal']).toBe('alice');
  });

  test.each([302, 404, 500])(
    'case 31: %i is not healthy, and what answered did connect and respond',
    async (status) => {
      const port = await listen(createServer((_request, response) => response.writeHead(status).end()));
      expect(await check(port)).toEqual({
        healthy: false,
        status,
        flags: ['has-connected', 'has-responded'],
      });
    },
  );

  test('cases 27 and 29: the port index chooses among the extra ports; without a port there is nobody to ask', async () => {
    const port = await listen(createServer((_request, response) => response.end()));
    expect((await check(1, { healthCheckPortIndex: 2 }, [2, port])).healthy).toBe(true);
    expect(await check(1, { healthCheckPortIndex: 3 }, [2, port])).toEqual({
      healthy: false,
      status: null,
      flags: [],
    });
  });

  test('h2c by prior knowledge', async () => {
    const port = await listen(createHttp2((_request, response) => response.writeHead(200).end()));
    expect(await check(port, { healthCheckProto: 'h2c' })).toMatchObject({ healthy: true, status: 200 });
  });

  test.each(['0.0.0.0', ''])('case 27: host "%s" is no address', async (host) => {
    const port = await listen(createServer((_request, response) => response.end()));
    const options = { timeoutMs: 200, password: 'p' };
    expect(await checkHealth({ host, port, extraPorts: [] }, SERVICE, options)).toEqual({
      healthy: false,
      status: null,
      flags: [],
    });
    const noPort = { host: '127.0.0.1', port: 0, extraPorts: [] };
    expect((await checkHealth(noPort, SERVICE, options)).healthy).toBe(false);
  });

  test('https with a certificate that nobody signed; h2 and h2c where only HTTP/1 is spoken', async () => {
    const secure = await startKitchen({ tls: 'self-signed', env: {} });
    try {
      const at = { healthCheckUrl: '/status' };
      expect(await check(secure.port, { ...at, healthCheckProto: 'https' })).toMatchObject({ status: 200 });
      expect((await check(secure.port, { ...at, healthCheckProto: 'h2' })).healthy).toBe(false);
      expect((await check(secure.port, { ...at, healthCheckProto: 'http' })).healthy).toBe(false);
    } finally {
      await secure.close(0);
    }
    const plain = await listen(createServer((_request, response) => response.end()));
    expect((await check(plain, { healthCheckProto: 'h2c' })).healthy).toBe(false);
    expect((await check(plain, { healthCheckProto: 'h2' })).healthy).toBe(false);
  });

  test('case 31: nobody listens', async () => {
    expect(await check(await freePort())).toEqual({ healthy: false, status: null, flags: [] });
  });

  test('case 31: closes without an answer', async () => {
    const port = await listen(createTcp((socket) => socket.once('data', () => socket.destroy())));
    expect((await check(port)).flags).toEqual(['hangup-exception', 'has-connected']);
  });

  test('case 28: accepts and is silent: no answer in time', async () => {
    const port = await listen(
      createTcp((socket) => {
        socket.on('error', () => undefined);
        socket.resume();
      }),
    );
    expect(await check(port)).toEqual({
      healthy: false,
      status: null,
      flags: ['timeout-exception', 'has-connected'],
    });
  });

  test('case 31: no TLS where it is expected', async () => {
    const port = await listen(createServer((_request, response) => response.end()));
    expect((await check(port, { healthCheckProto: 'https' })).flags).toEqual(['ssl-exception']);
  });
});
