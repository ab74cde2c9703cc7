import { waitFor } from '@waiter/testkit';
import { Fleet } from './fleet';
import { app, kitchenService } from './kitchen-service';
import { among, SteadyLoad } from './steady-load';

let fleet: Fleet;
beforeAll(async () => {
  fleet = await Fleet.start({ routers: 2, workers: 1 });
}, 90_000);
afterAll(() => fleet?.stop(), 90_000);

/** Loses no request, whoever is replaced meanwhile. */
it('scaling-and-schedulers case 96: instances that expire are replaced under load without a lost request', async () => {
  const client = fleet.client();
  await client.register(
    'aging',
    kitchenService({
      name: 'aging',
      'concurrency-level': 2,
      'instance-expiry-mins': 1,
      'max-instances': 2,
      'min-instances': 2,
    }),
  );
  const first = await client.use('aging', '/hello', { 'x-waiter-debug': 'true' });
  const id = first.headers['x-waiter-service-id'] as string;
  const active = async () => (await app(client, id)).instances['active-instances'].map((each) => each.id);
  const before = await waitFor(
    'two instances',
    async () => {
      const ids = await active();
      return ids.length === 2 && ids;
    },
    { timeoutMs: 30_000 },
  );
  const load = new SteadyLoad(3, (n) =>
    among(fleet.clients, n).use('aging', '/hello', { 'x-kitchen-delay-ms': '200' }),
  );
  let peak = 0;
  await waitFor(
    'both to be replaced',
    async () => {
      const { instances } = await app(client, id);
      peak = Math.max(peak, instances['active-instances'].length);
      const killed = instances['killed-instances'].map((each) => each.id);
      return before.every((old) => killed.includes(old));
    },
    { timeoutMs: 150_000 },
  );
  await load.stop();
  expect(load.failures).toEqual([]);
  expect(load.answered).toBeGreaterThan(500);
  // At its maximum it goes one above it, and no further.
  expect(peak).toBeLessThanOrEqual(3);
  const { instances } = await app(client, id);
  expect(instances['failed-instances']).toEqual([]);
}, 240_000);
