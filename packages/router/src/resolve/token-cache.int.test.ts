import { Store } from '@waiter/store';
import { type FaultProxy, type RedisServer, startFaultProxy, startRedis } from '@waiter/testkit';
import { TokenCache } from './token-cache';

let redis: RedisServer;
let far: FaultProxy;
const closers: (() => Promise<void>)[] = [];

/** A worker's cache of tokens, wired as `worker.ts` does it. */
async function startCache(url: string): Promise<TokenCache> {
  const store = await Store.open({ url, cluster: 'test' }, 'failFast');
  const source = { token: (name: string) => store.tokens.get(name), serviceEntry: async () => null };
  const cache = new TokenCache(source, 100);
  const unsubscribe = await store.changes.subscribe(
    (notice) => {
      if (notice.type === 'token') cache.drop(notice.token);
    },
    () => cache.dropAll(),
  );
  closers.push(async () => {
    unsubscribe();
    await store.close();
  });
  return cache;
}

beforeAll(async () => {
  redis = await startRedis();
  far = await startFaultProxy({ targetPort: Number(new URL(redis.url).port) });
});

afterAll(async () => {
  await far.stop();
  for (const close of closers) await close();
  await redis.stop();
});

test('case 12: what was written through one router every worker of every other knows at once, 200 times', async () => {
  const writer = await Store.open({ url: redis.url, cluster: 'test' });
  closers.push(() => writer.close());
  const farUrl = `redis://127.0.0.1:${far.port}`;
  const caches = await Promise.all([redis.url, redis.url, farUrl, farUrl].map(startCache));
  // These hear of a write later than its writer does.
  far.delay(3);
  const stale: string[] = [];
  for (let version = 1; version <= 200; version += 1) {
    const name = `token-${version % 3}`;
    await Promise.all(caches.map((cache) => cache.get(name)));
    expect(caches.map((cache) => cache.known(name))).not.toContain(undefined);
    const { token } = await writer.tokens.write({ name, data: { cmd: String(version), owner: 'o' } });
    // No wait here: the next thing that the workers do is a request for the token.
    if (caches.some((cache) => cache.known(name) !== undefined)) stale.push(`kept ${version}`);
    const records = await Promise.all(caches.map((cache) => cache.get(name)));
    if (records.some((record) => record?.hash !== token?.hash)) stale.push(`read ${version}`);
  }
  expect(stale).toEqual([]);

  await writer.tokens.remove({ name: 'token-0', by: 'o', nowMs: 1, hard: true });
  expect(caches.map((cache) => cache.known('token-0'))).toEqual(caches.map(() => undefined));
});
