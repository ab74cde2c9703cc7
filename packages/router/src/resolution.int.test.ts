import { startKitchen, type RunningKitchen } from '@waiter/kitchen';
import { referenceOf, type Json } from '@waiter/core';
import { Store } from '@waiter/store';
import { startRedis, waitFor, type RedisServer } from '@waiter/testkit';
import { call, type CallReply } from './testing/call';
import { ON_THE_FLY, startRouterUnderTest, type RouterUnderTest } from './testing/router-under-test';

let redis: RedisServer;
let store: Store;
let kitchen: RunningKitchen;
let router: RouterUnderTest;

beforeAll(async () => {
  redis = await startRedis({ appendonly: true });
  store = await Store.open({ url: redis.url, cluster: 'test' });
  kitchen = await startKitchen({ env: {} });
  router = await startRouterUnderTest(redis.url, [kitchen.port]);
});
afterAll(async () => {
  await router.worker.close();
  await kitchen.close();
  await store.close();
  await redis.stop();
});

const base = { cmd: 'serve', cpus: 1, mem: 64, 'run-as-user': 'bob', 'permitted-user': '*', owner: 'bob' };
const write = async (name: string, version: string, more: Record<string, Json> = {}): Promise<string> => {
  const data = { ...base, name, version, 'last-update-time': Date.now(), ...more };
  return (await store.tokens.write({ name, data })).token?.hash ?? '';
};
const get = (headers: Record<string, string>): Promise<CallReply> =>
  call(router.port, { path: '/hello', headers: { 'x-waiter-debug': 'true', ...headers } });
const idOf = async (headers: Record<string, string>): Promise<string> => {
  const reply = await get(headers);
  expect([reply.status, reply.text]).toEqual([200, 'Hello World']);
  return String(reply.headers['x-waiter-service-id']);
};
const LATEST = { 'x-waiter-fallback-period-secs': '0' };
const nextId = (token: string, before: string): Promise<string> =>
  waitFor('the next version', async () => {
    const id = await idOf({ 'x-waiter-token': token, ...LATEST });
    return id !== before && id;
  });
let published = 0;
const publish = async (id: string, healthy: boolean): Promise<void> => {
  const instance = {
    id: `${id}.${(published += 1)}`,
    serviceId: id,
    host: '127.0.0.1',
    port: kitchen.port,
    extraPorts: [],
    startedAtMs: 1,
    healthy,
    draining: false,
    flags: [],
    healthCheckStatus: null,
    exitCode: null,
    message: null,
    logDirectory: null,
  };
  await store.instances.publish(
    {
      serviceId: id,
      epoch: 1,
      requested: 1,
      scheduled: 1,
      instances: [instance],
      failed: [],
      killed: [],
      deploymentError: null,
    },
    { concurrencyLevel: 1, loadBalancing: 'oldest' },
  );
};
const reads = async (): Promise<number> => {
  const stats = await store.connection.redis.info('commandstats');
  const found = [...stats.matchAll(/cmdstat_(?:get|mget|hget|hgetall|hmget|set|evalsha|eval):calls=(\d+)/g)];
  return found.reduce((sum, match) => sum + Number(match[1]), 0);
};

test('case 117: an earlier version serves while the latest is not healthy, and asks for it; then the latest does', async () => {
  await write('t', '1');
  const id1 = await idOf({ 'x-waiter-token': 't' });
  await publish(id1, true);
  await write('t', '2');
  const id2 = await nextId('t', id1);
  expect(await idOf({ 'x-waiter-token': 't' })).toBe(id1);
  await waitFor('the latest to be wanted', () => store.references.isWanted(id2));
  expect(await store.services.ids()).toContain(id2);

  await publish(id2, true);
  await waitFor('the latest to serve', async () => (await idOf({ 'x-waiter-token': 't' })) === id2);
  await publish(id2, false);
  await waitFor('the earlier one to serve again', async () => (await idOf({ host: 't' })) === id1);
  await publish(id1, false);
  await waitFor('the latest to serve as nothing is healthy', async () => (await idOf({ host: 't' })) === id2);
});

test('case 117: outside the window the latest serves; the header makes the window of one request', async () => {
  const past = Date.now() - 60_000;
  await write('w', '1', { 'last-update-time': past - 60_000 });
  const id1 = await idOf({ 'x-waiter-token': 'w' });
  await publish(id1, true);
  await write('w', '2', { 'last-update-time': past, 'fallback-period-secs': 30 });
  const id2 = await nextId('w', id1);
  expect(await idOf({ 'x-waiter-token': 'w' })).toBe(id2);
  expect(await idOf({ 'x-waiter-token': 'w', 'x-waiter-fallback-period-secs': '90' })).toBe(id1);
});

test('case 118: a version that makes no service is an error while it is current, and skipped when it is not', async () => {
  await write('s', '1');
  const id1 = await idOf({ 'x-waiter-token': 's' });
  await publish(id1, true);
  await store.tokens.write({
    name: 's',
    data: { cmd: 'serve', owner: 'bob', 'last-update-time': Date.now() },
  });
  await waitFor('the broken version', async () => (await get({ 'x-waiter-token': 's' })).status === 400);
  await write('s', '3');
  await waitFor('the first version to serve', async () => {
    const reply = await get({ 'x-waiter-token': 's' });
    return reply.status === 200 && reply.headers['x-waiter-service-id'] === id1;
  });
});

test('the timeouts of a request that falls back are those of the present token', async () => {
  await write('p', '1', { 'queue-timeout-ms': 1111 });
  const id1 = await idOf({ 'x-waiter-token': 'p' });
  await publish(id1, true);
  await write('p', '2', { 'queue-timeout-ms': 2222 });
  await nextId('p', id1);
  const reply = await get({ 'x-waiter-token': 'p' });
  expect(reply.headers).toMatchObject({ 'x-waiter-service-id': id1, 'x-waiter-queue-timeout-ms': '2222' });
});

test('invariant 3: a request that falls back makes no Redis call on the warm path', async () => {
  await write('h', '1');
  const id1 = await idOf({ 'x-waiter-token': 'h' });
  await publish(id1, true);
  await write('h', '2');
  await nextId('h', id1);
  expect(await idOf({ 'x-waiter-token': 'h' })).toBe(id1);
  const before = await reads();
  const startedAt = performance.now();
  for (let i = 0; i < 200; i += 1) await idOf({ 'x-waiter-token': 'h' });
  const seconds = (performance.now() - startedAt) / 1000;
  // The heartbeat, twice a second, and the reminder of the latest version, each two seconds, go on.
  expect((await reads()) - before).toBeLessThan(10 + 10 * seconds);
});

test('cases 102, 106: references by token, by headers alone, and by service entry', async () => {
  const etag = await write('r', '1');
  const id = await idOf({ 'x-waiter-token': 'r' });
  expect(await store.services.get(id)).toMatchObject({
    sourceTokens: [[{ token: 'r', version: etag }]],
    references: [referenceOf([{ token: 'r', version: etag }])],
  });
  const free = await idOf(ON_THE_FLY);
  expect(await store.services.get(free)).toMatchObject({ sourceTokens: [], references: [{}] });
  const entry = `^SERVICE-ID#${free}`;
  expect(await idOf({ 'x-waiter-token': entry })).toBe(free);
  const version = expect.stringMatching(/^E-[0-9a-f]{32}$/);
  expect((await store.services.get(free))?.references).toEqual([
    {},
    { token: { sources: [{ token: entry, version }] } },
  ]);
});

test('a service entry that is not known yet is asked for again', async () => {
  const headers = { ...ON_THE_FLY, 'x-waiter-name': 'later' };
  const early = await get({ 'x-waiter-token': '^SERVICE-ID#waiter-service-none' });
  expect([early.status, early.text.includes('Token not found: ^SERVICE-ID#waiter-service-none')]).toEqual([
    404,
    true,
  ]);
  const id = await idOf({ ...headers, 'x-waiter-version': 'later' });
  await store.connection.redis.rename(
    store.connection.keys.service(id),
    store.connection.keys.service('waiter-service-none'),
  );
  expect((await get({ 'x-waiter-token': '^SERVICE-ID#waiter-service-none' })).status).toBe(200);
});
