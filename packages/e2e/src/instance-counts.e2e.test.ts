import { sleep, waitFor } from '@waiter/testkit';
import { Fleet } from './fleet';
import { app, healthyInstances, kitchenService } from './kitchen-service';
import { among, SteadyLoad } from './steady-load';

let fleet: Fleet;
beforeAll(async () => {
  fleet = await Fleet.start({ routers: 2, workers: 1 });
}, 90_000);
afterAll(() => fleet?.stop(), 90_000);

const QUICK = { 'scale-up-factor': 0.9, 'scale-down-factor': 0.9, 'max-instances': 10 };

/** Starts the service; requests of it take `ms` each. */
async function service(token: string, parameters: Readonly<Record<string, unknown>>) {
  const client = fleet.client();
  await client.register(token, kitchenService({ name: token, ...QUICK, ...parameters }));
  const first = await client.use(token, '/hello', { 'x-waiter-debug': 'true' });
  const id = first.headers['x-waiter-service-id'] as string;
  const load = (clients: number, ms: number) =>
    new SteadyLoad(clients, (n) =>
      among(fleet.clients, n).use(token, '/hello', { 'x-kitchen-delay-ms': String(ms) }),
    );
  const settled = (count: number) =>
    waitFor(
      `${count} instances of ${token}`,
      async () => {
        const active = (await app(client, id)).instances['active-instances'];
        return active.length === count && active.every((instance) => instance['healthy?']);
      },
      { timeoutMs: 60_000 },
    );
  const requested = async (): Promise<number> =>
    (await client.json<{ state: { 'scheduler-state': { requested: number } } }>(`/state/${id}`)).state[
      'scheduler-state'
    ].requested;
  return { id, load, settled, requested };
}

/** The most that was ever asked for while `work` goes on. */
async function most(requested: () => Promise<number>, work: Promise<unknown>): Promise<number> {
  let found = 0;
  let over = false;
  void work.finally(() => (over = true));
  do {
    found = Math.max(found, await requested());
    await sleep(100);
  } while (!over);
  return Math.max(found, await requested());
}

it('scaling-and-schedulers case 93: nine clients at concurrency 3 get exactly three instances, then one', async () => {
  const { load, settled, requested } = await service('nine', { 'concurrency-level': 3 });
  const nine = load(9, 1_000);
  // Exactly: it does not go beyond either.
  const peak = await most(
    requested,
    settled(3).then(() => sleep(3_000)),
  );
  expect(peak).toBe(3);
  await nine.stop();
  await settled(1);
  expect(nine.failures).toEqual([]);
}, 150_000);

it('scaling-and-schedulers case 94: scale-factor 0.3 with ten clients: three; concurrency 4 with ten, then five: three, then two', async () => {
  const factor = await service('factor', { 'concurrency-level': 1, 'scale-factor': 0.3 });
  const ten = factor.load(10, 500);
  await factor.settled(3);
  await ten.stop();
  const level = await service('level', { 'concurrency-level': 4 });
  const [five, more] = [level.load(5, 500), level.load(5, 500)];
  await level.settled(3);
  await more.stop();
  await level.settled(2);
  await five.stop();
  expect([...ten.failures, ...five.failures, ...more.failures]).toEqual([]);
}, 150_000);

it('scaling-and-schedulers case 95: between min-instances and max-instances, without load and under too much', async () => {
  const { id, load, settled, requested } = await service('bounds', {
    'min-instances': 2,
    'max-instances': 5,
  });
  await settled(2);
  const twenty = load(20, 300);
  const peak = await most(
    requested,
    settled(5).then(() => sleep(3_000)),
  );
  expect(peak).toBe(5);
  await twenty.stop();
  await settled(2);
  expect(twenty.failures).toEqual([]);
  expect(await healthyInstances(fleet.client(), id)).toBe(2);
}, 150_000);
