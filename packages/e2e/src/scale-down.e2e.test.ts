import { waitFor } from '@waiter/testkit';
import { Fleet } from './fleet';
import { app, healthyInstances, kitchenService } from './kitchen-service';
import { among, SteadyLoad } from './steady-load';

let fleet: Fleet;
beforeAll(async () => {
  fleet = await Fleet.start({ routers: 2, workers: 2 });
}, 90_000);
afterAll(() => fleet?.stop(), 60_000);

it('scale-down from 5 to 1 under continuous light load of 300 ms requests loses nothing', async () => {
  const client = fleet.client();
  await client.register(
    'shrink',
    kitchenService({
      name: 'shrink',
      'concurrency-level': 4,
      'scale-up-factor': 0.9,
      'scale-down-factor': 0.5,
      'max-instances': 5,
    }),
  );
  const first = await client.use('shrink', '/hello', { 'x-waiter-debug': 'true' });
  const id = first.headers['x-waiter-service-id'] as string;
  const ask = (n: number) => among(fleet.clients, n).use('shrink', '/hello', { 'x-kitchen-delay-ms': '300' });
  const heavy = new SteadyLoad(20, ask);
  await waitFor('five instances', async () => (await healthyInstances(client, id)) === 5, {
    timeoutMs: 30_000,
  });
  const light = new SteadyLoad(3, ask);
  await heavy.stop();
  await waitFor(
    'one instance',
    async () => (await app(client, id)).instances['active-instances'].length === 1,
    {
      timeoutMs: 60_000,
    },
  );
  await light.stop();
  expect([...heavy.failures, ...light.failures]).toEqual([]);
  expect((await app(client, id)).instances['killed-instances'].length).toBeGreaterThanOrEqual(4);
  const { decisions } = await client.json<{ decisions: { kind: string; reason: string }[] }>(
    `/apps/${id}/decisions?length=100`,
  );
  expect(decisions.filter(({ kind }) => kind === 'kill').length).toBeGreaterThanOrEqual(4);
  for (const { reason } of decisions) expect(reason).not.toBe('');
}, 150_000);
