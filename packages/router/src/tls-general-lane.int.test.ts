import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { Agent, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { selfSigned, startKitchen, type RunningKitchen } from '@waiter/kitchen';
import {
  sleep,
  startRedis,
  temporaryDirectory,
  waitFor,
  type RedisServer,
  type TemporaryDirectory,
} from '@waiter/testkit';
import { ON_THE_FLY, startRouterUnderTest, type RouterUnderTest } from './testing/router-under-test';

/** Connections by TLS that go from the http1 lane to the general one, with bodies on them. */
let redis: RedisServer;
let directory: TemporaryDirectory;

beforeAll(async () => {
  redis = await startRedis();
  directory = await temporaryDirectory('waiter-tls-to-http2');
  const { cert, key } = await selfSigned(new Date(), ['localhost']);
  await writeFile(join(directory.path, 'crt'), cert);
  await writeFile(join(directory.path, 'key'), key);
});
afterAll(async () => {
  await directory.remove();
  await redis.stop();
});

/** More than the buffers on the way hold. */
const LONG = 16_000_000;

function start(ports: readonly number[]): Promise<RouterUnderTest> {
  const pair = { certFile: join(directory.path, 'crt'), keyFile: join(directory.path, 'key') };
  return startRouterUnderTest(redis.url, ports, {
    tls: { port: 0, certificates: [pair], minVersion: 'TLSv1.2', reloadMs: 1_000 },
  });
}

function echo(port: number, agent: Agent, body: Buffer, protocol: string, chunked: boolean): Promise<Buffer> {
  const headers = {
    ...ON_THE_FLY,
    'x-waiter-backend-proto': protocol,
    'x-kitchen-echo': 'true',
    ...(chunked ? {} : { 'content-length': String(body.length) }),
  };
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { port, host: '127.0.0.1', agent, method: 'POST', path: '/', headers, timeout: 5_000 },
      (reply) => {
        const pieces: Buffer[] = [];
        reply.on('data', (piece: Buffer) => pieces.push(piece)).once('error', reject);
        reply.once('end', () => resolve(Buffer.concat(pieces)));
      },
    );
    outgoing.once('timeout', () => outgoing.destroy(new Error('silence')));
    outgoing.once('error', reject);
    if (chunked) outgoing.write(body.subarray(0, body.length >> 1));
    outgoing.end(chunked ? body.subarray(body.length >> 1) : body);
  });
}

test.each([
  ['h2', { http2: true, tls: 'self-signed' }],
  ['h2c', { http2: true }],
] as const)(
  '%s',
  async (protocol, options) => {
    const kitchen: RunningKitchen = await startKitchen({ env: {}, ...options });
    const pair = { certFile: join(directory.path, 'crt'), keyFile: join(directory.path, 'key') };
    const router: RouterUnderTest = await startRouterUnderTest(redis.url, [kitchen.port], {
      tls: { port: 0, certificates: [pair], minVersion: 'TLSv1.2', reloadMs: 1_000 },
    });
    const agent = new Agent({ keepAlive: true, rejectUnauthorized: false });
    const failures: string[] = [];
    const client = async (n: number): Promise<void> => {
      for (let i = 0; i < 100; i += 1) {
        const body = Buffer.alloc((i * 7_919 + n * 50_000) % 200_000, 97 + (i % 26));
        try {
          const back = await echo(router.worker.tlsPort ?? 0, agent, body, protocol, i % 2 === 1);
          if (!back.equals(body)) failures.push(`${n} ${i}: ${back.length} of ${body.length}`);
        } catch (error) {
          failures.push(`${n} ${i} ${body.length}: ${String(error)}`);
        }
      }
    };
    await Promise.all([0, 1, 2, 3].map(client));
    agent.destroy();
    await router.worker.close();
    await kitchen.close();
    expect(failures).toEqual([]);
  },
  60_000,
);

test('a request with a body that comes while its client is still busy with the response before', async () => {
  const backend = createServer((incoming, response) => {
    let length = 0;
    incoming.on('data', (piece: Buffer) => (length += piece.length));
    incoming.once('end', () =>
      response.end(incoming.method === 'GET' ? 'x'.repeat(LONG) : `got ${length} bytes`),
    );
  });
  await new Promise<void>((resolve) => backend.listen(0, '127.0.0.1', resolve));
  const router = await start([(backend.address() as AddressInfo).port]);
  const head = (line: string, more: string): string =>
    `${line} HTTP/1.1\r\nHost: localhost\r\n${Object.entries(ON_THE_FLY)
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join('')}${more}\r\n`;
  const client = connect({
    port: router.worker.tlsPort ?? 0,
    host: '127.0.0.1',
    rejectUnauthorized: false,
  });
  let received = 0;
  let tail = '';
  const answered = new Promise<void>((resolve, reject) => {
    client.setEncoding('latin1').once('error', reject);
    client.once('close', () => reject(new Error(`closed after ${received} bytes`)));
    client.on('data', (piece: string) => {
      received += piece.length;
      tail = (tail + piece).slice(-40);
      if (/got \d+ bytes$/.test(tail)) resolve();
    });
  });
  // In absolute form it is for the general lane, which keeps the connection.
  client.write(head('GET http://localhost/long', ''));
  await waitFor('the response to begin', () => received > 0);
  client.pause();
  await waitFor('the router to wait for its client', async () => {
    const before = received;
    await sleep(50);
    return received === before;
  });
  client.write(head('POST /next', `content-length: ${LONG}\r\n`) + 'y'.repeat(LONG));
  await waitFor('all of it to be sent', async () => {
    const before = client.bytesWritten;
    await sleep(50);
    return client.bytesWritten === before;
  });
  client.resume();
  await answered;
  expect(tail).toContain(`got ${LONG} bytes`);
  client.destroy();
  await router.worker.close();
  await new Promise((resolve) => backend.close(resolve));
});
