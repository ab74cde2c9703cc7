import { sleep, waitFor } from '@waiter/testkit';
import { Fleet } from './fleet';
import { healthyInstances, kitchenService } from './kitchen-service';
import { among, SteadyLoad } from './steady-load';

let fleet: Fleet;
beforeAll(async () => {
  fleet = await Fleet.start({ routers: 2, workers: 1, scalers: 2 });
}, 90_000);
afterAll(() => fleet?.stop(), 60_000);

it('redis-server killed and restarted under load: no request fails, tokens stay, scaling resumes', async () => {
  const client = fleet.client();
  await client.register(
    'lasting',
    kitchenService({ name: 'lasting', 'concurrency-level': 4, 'scale-up-factor': 0.9, 'max-instances': 6 }),
  );
  const before = await client.get('/token?token=lasting');
  const first = await client.use('lasting', '/hello', { 'x-waiter-debug': 'true' });
  const id = first.headers['x-waiter-service-id'] as string;
  const ask = (n: number) =>
    among(fleet.clients, n).use('lasting', '/hello', { 'x-kitchen-delay-ms': '200' });
  const load = new SteadyLoad(4, ask);
  await waitFor('an instance', async () => (await healthyInstances(client, id)) >= 1, { timeoutMs: 20_000 });
  await sleep(2_000); // the append-only file is synced each second
  await fleet.redis.kill();
  await sleep(3_000);
  const duringOutage = load.answered;
  await sleep(1_000);
  expect(load.answered).toBeGreaterThan(duringOutage);
  await fleet.redis.restart();
  await sleep(1_000);
  expect(load.failures).toEqual([]);
  const after = await client.get('/token?token=lasting');
  expect([after.status, after.body, after.headers['etag']]).toEqual([
    200,
    before.body,
    before.headers['etag'],
  ]);
  const more = new SteadyLoad(12, ask);
  const grown = await healthyInstances(client, id);
  await waitFor(
    'growth after the restart',
    async () => (await healthyInstances(client, id)) > Math.max(grown, 2),
    {
      timeoutMs: 40_000,
    },
  );
  await Promise.all([load.stop(), more.stop()]);
  expect([...load.failures, ...more.failures]).toEqual([]);
}, 120_000);
