import { request } from 'node:http';
import { startKitchen, type RunningKitchen } from '@waiter/kitchen';
import { startRedis, waitFor, type RedisServer } from '@waiter/testkit';
import { startRouterWithApi, USER, type RouterWithApi } from './testing/router-with-api';

/** What the API tells of services whose requests a worker carries. */
let redis: RedisServer;
let kitchen: RunningKitchen;
let router: RouterWithApi;

beforeAll(async () => {
  redis = await startRedis();
  kitchen = await startKitchen({ env: {} });
  router = await startRouterWithApi(redis.url);
});
afterAll(async () => {
  await router?.stop();
  await kitchen?.close();
  await redis?.stop();
});

interface Told {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}
type Headers = Readonly<Record<string, string>>;

function ask(path: string, headers: Headers = {}, method = 'GET'): Promise<Told> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { host: '127.0.0.1', port: router.port, path, method, headers, agent: false },
      (reply) => {
        let text = '';
        reply.setEncoding('utf8').on('data', (piece: string) => (text += piece));
        reply.on('error', reject);
        reply.on('end', () => resolve({ status: reply.statusCode ?? 0, headers: reply.headers, text }));
      },
    );
    outgoing.on('error', reject).end();
  });
}

async function token(name: string, more: Headers = {}): Promise<void> {
  const data = { name, cmd: 'serve', cpus: 0.1, mem: 64, version: '1', owner: USER, ...more };
  await router.store.tokens.write({ name, data });
}

/** The service of a token, with one instance: the kitchen, as the leader of scalers would tell of it. */
async function running(name: string): Promise<string> {
  const { status, text: serviceId } = await ask('/service-id', { 'x-waiter-token': name });
  expect(status).toBe(200);
  const instance = {
    id: `${serviceId}.1`,
    serviceId,
    host: '127.0.0.1',
    port: kitchen.port,
    extraPorts: [],
    startedAtMs: 1,
    healthy: true,
    draining: false,
    flags: [],
    healthCheckStatus: null,
    exitCode: null,
    message: null,
    logDirectory: null,
  };
  await router.store.instances.publish(
    {
      serviceId,
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
  return serviceId;
}

test('request-path case 36: x-waiter-request-date is the last request time of the service', async () => {
  await token('dated', { 'run-as-user': USER });
  const serviceId = await running('dated');
  const seconds = (text: unknown): number => Math.floor(Date.parse(String(text)) / 1000);
  let before = 0;
  for (let n = 0; n < 2; n += 1) {
    // The date counts seconds.
    await waitFor('another second', () => Math.floor(Date.now() / 1000) > before);
    const { status, headers } = await ask('/hello', { 'x-waiter-token': 'dated', 'x-waiter-debug': 'true' });
    expect(status).toBe(200);
    expect(headers['x-waiter-request-date']).toMatch(/^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000$/);
    const date = seconds(headers['x-waiter-request-date']);
    expect(date).toBeGreaterThan(before);
    await waitFor('the same last request time', async () => {
      const { text } = await ask(`/apps/${serviceId}`);
      return seconds((JSON.parse(text) as Record<string, unknown>)['last-request-time']) === date;
    });
    before = date;
  }
});

test('request-path case 83: a ping of a token that runs as the requester runs as whoever asks', async () => {
  await token('requested.example');
  const headers = { 'x-waiter-token': 'requested.example', 'x-waiter-timeout': '500' };
  const reply = await ask('/waiter-ping', headers, 'POST');
  expect(reply.status).toBe(200);
  expect(JSON.parse(reply.text)).toMatchObject({
    'ping-response': { result: 'timed-out' },
    'service-description': { 'run-as-user': USER, 'permitted-user': USER, cmd: 'serve' },
  });
});
