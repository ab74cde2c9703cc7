import { request } from 'node:http';
import { once } from 'node:events';
import {
  CourierClient,
  startKitchen,
  type CourierCall,
  type RunningKitchen,
  type Summary,
} from '@waiter/kitchen';
import { startRedis, waitFor, type RedisServer } from '@waiter/testkit';
import { call } from '../../testing/call';
import { ON_THE_FLY, startRouterUnderTest, type RouterUnderTest } from '../../testing/router-under-test';

/** Real clients and servers of gRPC on both sides of a worker. */
const SERVICE = { ...ON_THE_FLY, 'x-waiter-backend-proto': 'h2c' };
const STATUS = {
  CANCELLED: 1,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
};

let redis: RedisServer;
let kitchen: RunningKitchen;
let router: RouterUnderTest;
let client: CourierClient;

beforeAll(async () => {
  redis = await startRedis();
});
beforeEach(async () => {
  kitchen = await startKitchen({ env: {}, grpcPort: 0 });
  router = await startRouterUnderTest(redis.url, [kitchen.grpcPort ?? 0]);
  client = await CourierClient.open(`127.0.0.1:${router.port}`, SERVICE);
});
afterEach(async () => {
  await waitFor('every slot to be released', () => router.reservations.inUse === 0);
  client.close();
  await router.worker.close();
  await kitchen.close(0);
});
afterAll(() => redis.stop());

/** A call's status, which an error does not hide. */
const statusOf = (call: {
  on(event: 'status' | 'error', listener: (told: { code: number }) => void): unknown;
}) =>
  new Promise<number>((resolve) => {
    call.on('error', () => undefined);
    call.on('status', ({ code }) => resolve(code));
  });
const lastOutcome = () => router.reservations.outcomes.at(-1);
/** What the courier says that it saw, asked directly. */
async function calls(): Promise<readonly CourierCall[]> {
  const direct = await CourierClient.open(`127.0.0.1:${kitchen.grpcPort}`);
  const { answer } = await direct.retrieveState();
  direct.close();
  return answer?.calls ?? [];
}

describe('unary', () => {
  test('request-path case 120: a call, with the cid of its client', async () => {
    const { answer, code } = await client.sendPackage({ id: '1', message: 'hello' }, { 'x-cid': 'mine' });
    expect([answer, code]).toEqual([{ id: '1', message: 'hello' }, 0]);
    expect(await calls()).toMatchObject([
      { method: 'SendPackage', cid: 'mine', messages: 1, cancelled: false },
    ]);
    expect(lastOutcome()).toBe('success');
  });

  test('a message of 20 MB both ways', async () => {
    const message = 'm'.repeat(20_000_000);
    const { answer } = await client.sendPackage({ id: 'large', message });
    expect(answer?.message === message).toBe(true);
  });

  test('request-path case 120: nobody authenticated is UNAUTHENTICATED', async () => {
    const { code, details } = await client.sendPackage(
      { id: '1' },
      { 'x-waiter-single-user': 'unauthorized' },
    );
    expect([code, details]).toEqual([STATUS.UNAUTHENTICATED, 'Unauthorized']);
  });

  test('request-path case 120: a bad parameter is INVALID_ARGUMENT, with the reason', async () => {
    const { code, details } = await client.sendPackage({ id: '1' }, { 'x-waiter-concurrency-level': 'bad' });
    expect(code).toBe(STATUS.INVALID_ARGUMENT);
    expect(details).toContain('concurrency-level must be an integer in the range [1, 10000]');
    expect(await calls()).toEqual([]);
  });

  test('request-path case 120: an instance that is silent too long is DEADLINE_EXCEEDED', async () => {
    const { code, details } = await client.sendPackage(
      { id: '1', sleepMs: 3_000 },
      { 'x-waiter-timeout': '300' },
    );
    expect([code, details]).toEqual([STATUS.DEADLINE_EXCEEDED, 'Request to service backend timed out']);
    expect(lastOutcome()).toBe('instance-error');
  });

  test('request-path case 120: a call may be silent for longer than idle connections are kept', async () => {
    await router.worker.close();
    router = await startRouterUnderTest(redis.url, [kitchen.grpcPort ?? 0], {
      timeouts: { ...router.options.timeouts, instanceIdleTimeoutMs: 200, clientIdleTimeoutMs: 200 },
    });
    const slow = await CourierClient.open(`127.0.0.1:${router.port}`, SERVICE);
    expect((await slow.sendPackage({ id: '1', sleepMs: 1_500 })).code).toBe(0);
    slow.close();
  });

  test('no instance to connect to is UNAVAILABLE', async () => {
    router.reservations.addresses = [{ host: '127.0.0.1', port: 1 }];
    const { code, details } = await client.sendPackage({ id: '1' });
    expect([code, details]).toEqual([STATUS.UNAVAILABLE, 'Request failed to connect to service backend']);
    expect(lastOutcome()).toBe('instance-error');
  });

  test('an instance that goes away under a call is UNAVAILABLE', async () => {
    const { code, details } = await client.sendPackage({ id: '1.EXIT_PRE_RESPONSE' });
    expect([STATUS.UNAVAILABLE, STATUS.CANCELLED, STATUS.INTERNAL]).toContain(code);
    expect(details).not.toBe('');
  });

  test('request-path case 121: the status of the server reaches the client, after one call', async () => {
    const { code, details } = await client.sendPackage({ id: '1.SEND_ERROR' });
    expect([code, details]).toEqual([STATUS.CANCELLED, 'Cancelled by server']);
    expect(await calls()).toHaveLength(1);
    expect(lastOutcome()).toBe('success');
  });

  test('request-path case 121: a client that retries sees every attempt through', async () => {
    const retrying = await CourierClient.open(`127.0.0.1:${router.port}`, SERVICE, {
      channel: {
        'grpc.enable_retries': 1,
        'grpc.service_config': JSON.stringify({
          methodConfig: [
            {
              name: [{ service: 'kitchen.Courier' }],
              retryPolicy: {
                maxAttempts: 3,
                initialBackoff: '0.01s',
                maxBackoff: '0.05s',
                backoffMultiplier: 1,
                retryableStatusCodes: ['CANCELLED'],
              },
            },
          ],
        }),
      },
    });
    expect((await retrying.sendPackage({ id: '1.SEND_ERROR' })).code).toBe(STATUS.CANCELLED);
    expect(await calls()).toHaveLength(3);
    retrying.close();
  });

  test('UNAVAILABLE in the head of a response means busy', async () => {
    const { code, details } = await client.sendPackage({ id: '1.UNAVAILABLE' });
    expect([code, details]).toEqual([STATUS.UNAVAILABLE, 'Too busy']);
    expect(lastOutcome()).toBe('instance-busy');
  });

  test('a client that cancels, and one whose deadline passes, cancel the call of the instance', async () => {
    const { code } = await client.sendPackage(
      { id: '1', sleepMs: 20_000 },
      {},
      { deadline: Date.now() + 300 },
    );
    expect(code).toBe(STATUS.DEADLINE_EXCEEDED);
    await waitFor('the instance to hear of it', async () => (await calls())[0]?.cancelled === true);
    await waitFor('the slot', () => router.reservations.inUse === 0);
    expect(lastOutcome()).toBe('client-error');
  });

  test('a deadline that passes while the call waits for an instance', async () => {
    let aborted = false;
    router.reservations.reserve = (_service, { onAbort, queueTimeoutMs }) => {
      expect(queueTimeoutMs).toBeGreaterThan(300);
      expect(queueTimeoutMs).toBeLessThanOrEqual(600);
      return new Promise((_, reject) => {
        onAbort(() => {
          aborted = true;
          reject(new Error('gone'));
        });
      });
    };
    const { code } = await client.sendPackage({ id: '1' }, {}, { deadline: Date.now() + 500 });
    expect(code).toBe(STATUS.DEADLINE_EXCEEDED);
    await waitFor('the queue to hear of it', () => aborted);
    expect(await calls()).toEqual([]);
  });
});

describe('streaming', () => {
  const packages = (count: number, size: number) =>
    Array.from({ length: count }, (_, i) => ({ id: String(i), message: 'm'.repeat(size) }));

  test('of the client', async () => {
    const { answer, code } = await client.aggregatePackages(packages(120, 1_000));
    expect([code, answer]).toEqual([0, { packages: 120, characters: 120_000 }]);
  });

  test('of the server', async () => {
    const pieces: string[] = [];
    for await (const { message } of client.splitPackage({ id: '1', message: 'abc'.repeat(1_000) }))
      pieces.push(message);
    expect(pieces.join('')).toBe('abc'.repeat(1_000));
  });

  test.each([
    ['none', 0, 0],
    ['120 of 1 KB', 120, 1_000],
    ['120 of 50 KB', 120, 50_000],
  ])('request-path case 122: of both, independent, %s', async (_name, count, size) => {
    const call = client.collectPackages();
    const ended = statusOf(call);
    const summaries: Summary[] = [];
    call.on('data', (summary: Summary) => summaries.push(summary));
    for (const one of packages(count, size)) call.write(one);
    call.end();
    const code = await ended;
    expect([code, summaries.length]).toEqual([0, count]);
    if (count > 0) expect(summaries.at(-1)).toEqual({ packages: count, characters: count * size });
  });

  test('request-path case 122: of both, in lock step', async () => {
    const call = client.collectPackages();
    const ended = statusOf(call);
    for (const [i, one] of packages(120, 1_000).entries()) {
      call.write(one);
      const [summary] = (await once(call, 'data')) as [Summary];
      expect(summary.packages).toBe(i + 1);
    }
    call.end();
    expect(await ended).toBe(0);
    expect(lastOutcome()).toBe('success');
  });

  test('request-path case 122: a client that cancels half way is seen by the instance', async () => {
    const call = client.collectPackages();
    call.on('error', () => undefined);
    for (const one of packages(60, 1_000)) {
      call.write(one);
      await once(call, 'data');
    }
    call.cancel();
    await waitFor('the instance to hear of it', async () => (await calls())[0]?.cancelled === true);
    expect((await calls())[0]?.messages).toBe(60);
    await waitFor('the slot', () => router.reservations.inUse === 0);
    expect(lastOutcome()).toBe('client-error');
  });

  test('request-path case 122: a deadline ends the call of the instance, and its slot is free', async () => {
    const call = client.collectPackages({}, { deadline: Date.now() + 400 });
    const ended = statusOf(call);
    call.write({ id: '1' });
    await once(call, 'data');
    expect(await ended).toBe(STATUS.DEADLINE_EXCEEDED);
    // The instance was told the deadline and keeps to it too: either side may be first. The client never ended its messages.
    await waitFor('the end at the instance', async () => (await calls())[0]?.over === true);
    await waitFor('the slot', () => router.reservations.inUse === 0);
  });

  test('request-path case 122: an instance that ends in the middle: what it said before arrives', async () => {
    const call = client.collectPackages();
    const summaries: Summary[] = [];
    call.on('data', (summary: Summary) => summaries.push(summary));
    const ended = statusOf(call);
    for (const one of packages(10, 1_000)) call.write(one);
    call.write({ id: 'last.EXIT_POST_RESPONSE' });
    const code = await ended;
    expect([STATUS.CANCELLED, STATUS.INTERNAL, STATUS.UNAVAILABLE]).toContain(code);
    expect(summaries).toHaveLength(11);
  });
});

test('request-path case 123: HTTP/1.1 to a server of gRPC alone is answered 415 by it', async () => {
  const reply = await call(router.port, { headers: SERVICE });
  expect([400, 415]).toContain(reply.status);
  expect(String(reply.headers['server'] ?? '')).not.toMatch(/^waiter/);
});

test('HTTP/1.1 in front of gRPC: the call is made and its trailers come', async () => {
  const message = Buffer.from(JSON.stringify({ id: '1', message: 'plain' }));
  const frame = Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message]);
  const outgoing = request({
    port: router.port,
    method: 'POST',
    path: '/kitchen.Courier/SendPackage',
    headers: {
      ...SERVICE,
      'content-type': 'application/grpc',
      te: 'trailers',
      'content-length': frame.length,
    },
    agent: false,
  }).end(frame);
  const [reply] = await once(outgoing, 'response');
  let body = '';
  for await (const piece of reply) body += String(piece);
  expect(body).toContain('plain');
  expect(reply.trailers['grpc-status']).toBe('0');
});
