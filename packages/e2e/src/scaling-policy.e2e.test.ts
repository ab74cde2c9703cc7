import { waitFor } from '@waiter/testkit';
import { Fleet } from './fleet';
import { app, healthyInstances, kitchenService } from './kitchen-service';
import { among, SteadyLoad } from './steady-load';

let fleet: Fleet;
beforeAll(async () => {
  fleet = await Fleet.start({ routers: 2, workers: 1 });
}, 90_000);
afterAll(() => fleet?.stop(), 60_000);

it('scaling-policy: predictive grows a service under load and gives back what it does not need, without a lost request', async () => {
  const client = fleet.client();
  await client.register(
    'foreseen',
    kitchenService({ name: 'foreseen', 'scaling-policy': 'predictive', 'max-instances': 6 }),
  );
  const first = await client.use('foreseen', '/hello', { 'x-waiter-debug': 'true' });
  const id = first.headers['x-waiter-service-id'] as string;
  const ask = (n: number) =>
    among(fleet.clients, n).use('foreseen', '/hello', { 'x-kitchen-delay-ms': '300' });
  const load = new SteadyLoad(4, ask);
  await waitFor('four instances', async () => (await healthyInstances(client, id)) >= 4, {
    timeoutMs: 30_000,
  });
  await load.stop();
  await waitFor(
    'one instance',
    async () => (await app(client, id)).instances['active-instances'].length === 1,
    { timeoutMs: 60_000 },
  );
  expect(load.failures).toEqual([]);
  const { decisions } = await client.json<{
    decisions: { kind: string; reason: string; steps?: Record<string, unknown> }[];
  }>(`/apps/${id}/decisions?length=200`);
  const grown = decisions.filter(({ kind }) => kind === 'scale-up');
  expect(grown.length).toBeGreaterThan(0);
  for (const { reason, steps } of grown) {
    expect(reason).toContain('predictive wants');
    expect(steps).toMatchObject({ policy: 'predictive' });
  }
}, 150_000);
