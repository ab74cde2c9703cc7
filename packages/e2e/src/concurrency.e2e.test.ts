import { waitFor } from '@waiter/testkit';
import { Fleet } from './fleet';
import { app, healthyInstances, KitchenWatch, kitchenService } from './kitchen-service';
import { among, SteadyLoad } from './steady-load';

let fleet: Fleet;
beforeAll(async () => {
  fleet = await Fleet.start({ routers: 3, workers: 2 });
}, 90_000);
afterAll(() => fleet?.stop(), 60_000);

const idOf = async (token: string): Promise<string> =>
  (await fleet.client().use(token, '/hello', { 'x-waiter-debug': 'true' })).headers[
    'x-waiter-service-id'
  ] as string;

describe('concurrency', () => {
  it('60 concurrent requests at level 1 over two nodes: all served, never two at once; grows, shrinks, vanishes', async () => {
    const [first, second] = fleet.clients;
    if (first === undefined || second === undefined) throw new Error('two routers are needed');
    await first.register(
      'single',
      kitchenService({
        name: 'single',
        'scale-up-factor': 0.9,
        'scale-down-factor': 0.9,
        'max-instances': 12,
        'idle-timeout-mins': 0.5,
      }),
    );
    const id = await idOf('single');
    const watch = new KitchenWatch(first, id);
    const answers = await watch.during(
      Promise.all(
        Array.from({ length: 60 }, (_, n) =>
          among([first, second], n).use('single', '/hello', { 'x-kitchen-delay-ms': '1000' }),
        ),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(60).fill(200));
    expect(watch.maxima.size).toBeGreaterThan(2);
    expect(Math.max(...watch.maxima.values())).toBe(1);
    await waitFor('one instance', async () => (await healthyInstances(first, id)) === 1, {
      timeoutMs: 60_000,
    });
    await waitFor('the app to be gone from Marathon', async () => !(await fleet.apps()).includes(id), {
      timeoutMs: 60_000,
    });
  }, 180_000);

  it('level 10 with three routers and two instances: never more than 10 at one', async () => {
    const client = fleet.client();
    await client.register(
      'ten',
      kitchenService({ name: 'ten', 'concurrency-level': 10, 'min-instances': 2, 'max-instances': 2 }),
    );
    const id = await idOf('ten');
    await waitFor('two instances', async () => (await healthyInstances(client, id)) === 2, {
      timeoutMs: 20_000,
    });
    const watch = new KitchenWatch(client, id);
    const load = new SteadyLoad(60, (n) =>
      among(fleet.clients, n).use('ten', '/hello', { 'x-kitchen-delay-ms': String(20 + ((n * 37) % 150)) }),
    );
    await watch.during(new Promise((done) => setTimeout(done, 5_000)));
    await load.stop();
    await watch.look();
    expect(load.failures).toEqual([]);
    expect([...watch.maxima.values()].sort()).toEqual([10, 10]);
  }, 60_000);

  it('is work-conserving: a request does not wait while another router has a slot to spare', async () => {
    const [first, second] = fleet.clients;
    if (first === undefined || second === undefined) throw new Error('two routers are needed');
    await first.register(
      'pair',
      kitchenService({ name: 'pair', 'concurrency-level': 2, 'min-instances': 1, 'max-instances': 1 }),
    );
    const id = await idOf('pair');
    // Both slots become leases of the first router.
    await Promise.all([1, 2].map(() => first.use('pair', '/hello', { 'x-kitchen-delay-ms': '100' })));
    const long = first.use('pair', '/hello', { 'x-kitchen-delay-ms': '3000' });
    await waitFor(
      'the long request',
      async () => ((await app(first, id))['request-metrics'].outstanding ?? 0) > 0,
    );
    const short = await second.use('pair', '/hello');
    expect(short.status).toBe(200);
    expect(short.ms).toBeLessThan(1_500);
    expect((await long).ms).toBeGreaterThan(3_000);
  }, 30_000);
});
