import { Store } from '@waiter/store';
import { startRedis, waitFor, type RedisServer } from '@waiter/testkit';
import { DEFAULT_ROUTER_TIMEOUTS, routerOptions } from './options';
import { startDeafInstance, type DeafInstance } from './testing/deaf-instance';
import { sendHalf, SPOKEN } from './testing/half-request';
import { ON_THE_FLY, startRouterUnderTest, testLanes } from './testing/router-under-test';
import { startRouterWorker, type RouterWorker } from './worker';

/**
 * A client that goes away before there is an instance for its request (DESIGN section 5, invariant 8). What becomes of those that
 * go later is in streaming.int.test.ts, bridge.int.test.ts and websocket-ends.int.test.ts.
 */
let redis: RedisServer;
let store: Store;
let deaf: DeafInstance;
let worker: RouterWorker;

beforeAll(async () => {
  redis = await startRedis();
  store = await Store.open({ url: redis.url, cluster: 'test' });
  deaf = await startDeafInstance();
  worker = await startRouterWorker(
    routerOptions({
      host: '127.0.0.1',
      port: 0,
      routerId: 'waiting',
      redis: { url: redis.url, cluster: 'test' },
      user: 'alice',
      lanes: { ...testLanes },
      timeouts: { ...DEFAULT_ROUTER_TIMEOUTS, drainTimeoutMs: 500 },
    }),
  );
});

afterAll(async () => {
  await worker.close();
  await store.close();
  await redis.stop();
  deaf.close();
});

async function outstanding(): Promise<number> {
  const metrics = await worker.snapshot();
  const found = metrics.find(({ name }) => name === 'waiter_requests_outstanding');
  return (found?.values ?? []).reduce((sum, { value }) => sum + value, 0);
}

const queued = async (): Promise<number> =>
  [...(await store.load.demand()).values()].reduce((sum, load) => sum + load.queued, 0);

/** Connections of this process that are being made. */
const connecting = (): number =>
  process.getActiveResourcesInfo().filter((kind) => kind === 'ConnectWrap').length;

const BODIES = [
  ['without a body', null],
  ['with a body that has come', { length: 1_000, sent: 1_000 }],
  ['in the middle of a short body', { length: 1_000, sent: 10 }],
  ['in the middle of a longer body', { length: 1_000_000, sent: 10_000 }],
] as const;

describe.each(SPOKEN)('a client of %s that goes away', (spoken) => {
  test.each(BODIES)('while it waits for an instance, %s, leaves the queue', async (_name, body) => {
    const sent = sendHalf(worker.port, spoken, { headers: ON_THE_FLY, body });
    await waitFor('the request to wait', async () => (await outstanding()) === 1 && (await queued()) === 1);
    sent.leave();
    await waitFor('it to be forgotten', async () => (await outstanding()) === 0 && (await queued()) === 0);
  });

  test.each(BODIES)('while its instance is connected to, %s, gives the slot back', async (_name, body) => {
    const before = connecting();
    const router = await startRouterUnderTest(redis.url, [deaf.port], {
      timeouts: { ...DEFAULT_ROUTER_TIMEOUTS, connectTimeoutMs: 60_000, drainTimeoutMs: 500 },
    });
    const sent = sendHalf(router.port, spoken, { headers: ON_THE_FLY, body });
    await waitFor('the slot to be taken', () => router.reservations.inUse === 1);
    sent.leave();
    await waitFor('it to be given back', () => router.reservations.inUse === 0);
    expect(router.reservations.outcomes).toEqual(['client-error']);
    await waitFor('the connection to be given up', () => connecting() === before);
    await router.worker.close();
  });
});

describe.each(SPOKEN)('a client of %s', (spoken) => {
  test.each(['http', 'https', 'h2c', 'h2'])(
    'whose %s instance is not connected to in time: 502',
    async (proto) => {
      const before = connecting();
      const router = await startRouterUnderTest(redis.url, [deaf.port], {
        retryOnConnectFailure: false,
        timeouts: { ...DEFAULT_ROUTER_TIMEOUTS, connectTimeoutMs: 200, drainTimeoutMs: 500 },
      });
      const headers = { ...ON_THE_FLY, 'x-waiter-backend-proto': proto };
      const sent = sendHalf(router.port, spoken, { headers });
      await waitFor('the answer', () => sent.status() === 502);
      expect(router.reservations.outcomes).toEqual(['instance-error']);
      sent.leave();
      await router.worker.close();
      await waitFor('nothing to be connected to any more', () => connecting() === before);
    },
  );

  test('that waits for an instance for its queue timeout: 503', async () => {
    const headers = { ...ON_THE_FLY, 'x-waiter-queue-timeout': '300' };
    const sent = sendHalf(worker.port, spoken, { headers, body: { length: 1_000, sent: 10 } });
    await waitFor('the answer', () => sent.status() === 503);
    sent.leave();
    await waitFor('it to be forgotten', async () => (await outstanding()) === 0);
  });
});
