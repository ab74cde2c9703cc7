import { writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { selfSigned, startKitchen, type RunningKitchen } from '@waiter/kitchen';
import { startRedis, temporaryDirectory, type RedisServer, type TemporaryDirectory } from '@waiter/testkit';
import { ON_THE_FLY, startRouterUnderTest, type RouterUnderTest } from './testing/router-under-test';

/** HTTP/1.1 by TLS in front, HTTP/2 behind: connections that go from the http1 lane to the general one, with bodies on them. */
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
