import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startKitchen, type RunningKitchen } from '@waiter/kitchen';
import { Store } from '@waiter/store';
import {
  startRedis,
  temporaryDirectory,
  waitFor,
  type RedisServer,
  type TemporaryDirectory,
} from '@waiter/testkit';
import { call, type CallReply } from './testing/call';
import { startRouterUnderTest, type RouterUnderTest } from './testing/router-under-test';

let redis: RedisServer;
let store: Store;
let kitchen: RunningKitchen;
let directory: TemporaryDirectory;
let router: RouterUnderTest;
let logFile: string;

beforeAll(async () => {
  redis = await startRedis({ appendonly: true });
  store = await Store.open({ url: redis.url, cluster: 'test' });
  kitchen = await startKitchen({ env: {} });
  directory = await temporaryDirectory('waiter-router-test');
  logFile = join(directory.path, 'requests.log');
  router = await startRouterUnderTest(redis.url, [kitchen.port], { requestLog: { file: logFile } });
});

afterAll(async () => {
  await router.worker.close();
  await kitchen.close();
  await store.close();
  await redis.stop();
  await directory.remove();
});

const description = {
  cmd: 'serve',
  cpus: 1,
  mem: 64,
  version: '1',
  'run-as-user': 'bob',
  'permitted-user': '*',
  name: 'tokened',
};
const write = (name: string, more: Record<string, string> = {}) =>
  store.tokens.write({ name, data: { ...description, owner: 'bob', ...more } });
const get = (headers: Record<string, string>): Promise<CallReply> =>
  call(router.port, { path: '/hello', headers: { 'x-waiter-debug': 'true', ...headers } });
const serviceOf = (reply: CallReply): string => String(reply.headers['x-waiter-service-id']);

test('a token by host and by header; a new version is a new service at once; the service is recorded', async () => {
  await write('a.example');
  const byHost = await get({ host: 'a.example:9091' });
  expect([byHost.status, byHost.text]).toEqual([200, 'Hello World']);
  expect(serviceOf(await get({ 'x-waiter-token': 'a.example' }))).toBe(serviceOf(byHost));
  const recorded = await store.services.get(serviceOf(byHost));
  expect(recorded?.description).toMatchObject({ cmd: 'serve', version: '1' });
  expect(recorded?.sourceTokens).toMatchObject([[{ token: 'a.example' }]]);

  await write('a.example', { version: '2' });
  const changed = await waitFor('the new version', async () => {
    const reply = await get({ host: 'a.example' });
    return serviceOf(reply) !== serviceOf(byHost) && reply;
  });
  expect(changed.status).toBe(200);

  const direct = await get({ 'x-waiter-token': `^SERVICE-ID#${serviceOf(byHost)}` });
  expect(serviceOf(direct)).toBe(serviceOf(byHost));
});

test('authorisation: 403 for somebody else', async () => {
  await write('private.example', { 'permitted-user': 'bob' });
  const reply = await get({ host: 'private.example' });
  expect(reply.status).toBe(403);
  expect(reply.text).toContain("This user isn't allowed to invoke this service");
});

test('metrics by service and one line per proxied request', async () => {
  const reply = await get({ host: 'a.example', 'x-cid': 'logged' });
  const metrics = await router.worker.snapshot();
  const requests = metrics.find(({ name }) => name === 'waiter_requests_total');
  const series = requests?.values.find(({ labels }) => labels['service'] === serviceOf(reply));
  expect(series).toMatchObject({ labels: { status: 200 } });
  const outstanding = metrics.find(({ name }) => name === 'waiter_requests_outstanding');
  expect(outstanding?.values.every(({ value }) => value === 0)).toBe(true);
  const line = await waitFor('the line', async () =>
    (await readFile(logFile, 'utf8')).split('\n').find((text) => text.includes('"cid":"logged"')),
  );
  expect(JSON.parse(line)).toMatchObject({
    'service-id': serviceOf(reply),
    'instance-id': 'instance.0',
    'request-type': 'waiter-proxy',
    principal: 'alice',
    status: 200,
    token: 'a.example',
  });
});

test('invariant 3: the warm path makes no Redis call', async () => {
  await get({ host: 'a.example' });
  const commands = async (): Promise<number> => {
    const stats = await store.connection.redis.info('commandstats');
    const reads = [...stats.matchAll(/cmdstat_(?:get|mget|hget|hgetall|hmget|evalsha|eval):calls=(\d+)/g)];
    return reads.reduce((sum, match) => sum + Number(match[1]), 0);
  };
  const before = await commands();
  for (let i = 0; i < 100; i += 1) await get({ host: 'a.example' });
  // The heartbeat (a script, twice a second) goes on.
  expect((await commands()) - before).toBeLessThan(10);
});

test('invariant 6: while Redis is away known services are served, unknown tokens are 503; then all is well again', async () => {
  const before = serviceOf(await get({ host: 'a.example' }));
  await redis.kill();
  const reply = await get({ host: 'a.example' });
  expect([reply.status, serviceOf(reply)]).toEqual([200, before]);
  const unknown = await get({ host: 'unknown.example' });
  expect(unknown.status).toBe(503);
  expect(unknown.headers['retry-after']).toBe('1');
  await redis.restart();
  await waitFor(
    'the registry to answer',
    async () => (await get({ host: 'unknown.example' })).status === 400,
  );
  expect(serviceOf(await get({ host: 'a.example' }))).toBe(before);
});
