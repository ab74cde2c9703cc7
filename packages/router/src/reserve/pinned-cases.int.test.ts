import { WaiterError } from '@waiter/core';
import { sleep, waitFor } from '@waiter/testkit';
import type { ReservableService, Slot } from './reservations';
import { startWorkerFleet, type Client, type TestWorker, type WorkerFleet } from './testing/workers.int.test';

let fleet: WorkerFleet;

beforeAll(async () => {
  fleet = await startWorkerFleet();
});
afterEach(() => fleet.clear());
afterAll(() => fleet.stop());

const threeWorkers = (): Promise<TestWorker[]> =>
  Promise.all(['a', 'b', 'c'].map((name) => fleet.worker(name)));

/** As many clients as asked for, each of which asks again when it has been served; the requests per instance. */
async function load(
  workers: readonly TestWorker[],
  of: ReservableService,
  clients: number,
  requestsEach: number,
): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  const client = async (worker: TestWorker): Promise<void> => {
    for (let i = 0; i < requestsEach; i += 1) {
      const slot = await fleet.ask(worker, of).slot;
      counts.set(slot.instanceId, (counts.get(slot.instanceId) ?? 0) + 1);
      await sleep(2);
      slot.release('success');
    }
  };
  await Promise.all(
    Array.from({ length: clients }, (_, n) => client(workers[n % workers.length] as TestWorker)),
  );
  return counts;
}

test('case 59: max-queue-length 1 and one slot: of four requests some are refused, not all', async () => {
  const a = await fleet.worker('a');
  const of = fleet.service(1, { maxQueueLength: 1 });
  await fleet.publish(of, ['open']);
  const clients: Client[] = [];
  for (let i = 0; i < 4; i += 1) {
    clients.push(fleet.ask(a, of));
    await sleep(20);
  }
  const outcomes = await Promise.all(
    clients.map(({ slot }) =>
      slot.then(
        async (one) => {
          await sleep(800);
          one.release('success');
          return null;
        },
        (error: unknown) => error,
      ),
    ),
  );
  const refused = outcomes.filter((one) => one !== null);
  expect(refused.length).toBeGreaterThanOrEqual(1);
  expect(refused.length).toBeLessThan(4);
  for (const error of refused) {
    expect(error).toBeInstanceOf(WaiterError);
    expect(error).toMatchObject({
      status: 503,
      message: 'Max queue length exceeded',
      details: { 'service-id': of.serviceId, 'max-queue-length': 1 },
    });
  }
});

test('case 61: long requests of every worker fill the first instance, and short ones pass it by', async () => {
  const workers = await threeWorkers();
  const of = fleet.service(workers.length);
  await fleet.publish(of, ['open', 'open']);
  const long: Slot[] = [];
  for (const worker of workers) long.push(await fleet.ask(worker, of).slot);
  expect(new Set(long.map((slot) => slot.instanceId))).toEqual(new Set([`${of.serviceId}.i0`]));
  const short = await load(workers, of, 3, 10);
  expect([...short]).toEqual([[`${of.serviceId}.i1`, 30]]);
  long.forEach((slot) => slot.release('success'));
});

test('case 62: with concurrency-level 100, eight clients with 100 requests each meet one instance', async () => {
  const workers = await threeWorkers();
  const of = fleet.service(100);
  await fleet.publish(of, ['open', 'open', 'open']);
  expect([...(await load(workers, of, 8, 100))]).toEqual([[`${of.serviceId}.i0`, 800]]);
}, 30_000);

test('case 64: all load on one worker: every instance serves, and no slot stays in use', async () => {
  const workers = await threeWorkers();
  const of = fleet.service(1);
  await fleet.publish(of, ['open', 'open', 'open', 'open', 'open', 'open']);
  // The others have had requests, and hold what is idle now.
  for (const worker of workers) (await fleet.ask(worker, of).slot).release('success');
  const counts = await load(workers.slice(0, 1), of, 12, 10);
  expect(counts.size).toBe(6);
  expect([...counts.values()].reduce((sum, n) => sum + n, 0)).toBe(120);
  for (const { reservations } of workers) {
    expect(reservations.loads().get(of.serviceId)?.inFlight ?? 0).toBe(0);
  }
  await waitFor('all leases to go back', async () => (await fleet.usage(of)) === 0);
}, 30_000);

test('case 66: a deployment error is told to everything that waits, on every worker, at once', async () => {
  const workers = await threeWorkers();
  const of = fleet.service(1);
  const waiting = workers.flatMap((worker) =>
    [1, 2, 3].map(() => fleet.ask(worker, of, { queueTimeoutMs: 300_000 })),
  );
  await waitFor('all to wait', () =>
    workers.every(({ reservations }) => reservations.loads().get(of.serviceId)?.queued === 3),
  );
  await fleet.publish(of, [], { deploymentError: 'Invalid startup command' });
  for (const { slot } of waiting) {
    await expect(slot).rejects.toMatchObject({
      status: 503,
      message: 'Deployment error: Invalid startup command',
    });
  }
});

test('case 66: a slot that another worker hands over serves what waits before one of its own is free', async () => {
  const [a, b] = [await fleet.worker('a'), await fleet.worker('b')];
  const of = fleet.service(1);
  await fleet.publish(of, ['open', 'open']);
  const own = await fleet.ask(a, of).slot;
  const foreign = await fleet.ask(b, of).slot;
  const waiting = fleet.ask(a, of);
  await waitFor('it to wait', () => a.reservations.loads().get(of.serviceId)?.queued === 1);
  foreign.release('success');
  const handedOver = await waiting.slot;
  expect(handedOver.instanceId).toBe(foreign.instanceId);
  own.release('success');
  handedOver.release('success');
});

test('case 85: a ping in a queue of five times the capacity comes before all but what runs', async () => {
  const workers = await threeWorkers();
  const concurrency = 2;
  const of = fleet.service(concurrency);
  await fleet.publish(of, ['open']);
  const running: Slot[] = [];
  for (let i = 0; i < concurrency; i += 1) running.push(await fleet.ask(workers[0] as TestWorker, of).slot);
  const order: string[] = [];
  const serve = async (name: string, client: Client): Promise<void> => {
    const slot = await client.slot;
    order.push(name);
    await sleep(100);
    slot.release('success');
  };
  const served = workers.flatMap((worker) =>
    Array.from({ length: 5 * concurrency }, () =>
      serve('proxied', fleet.ask(worker, of, { queueTimeoutMs: 30_000 })),
    ),
  );
  const queuedAre = (count: number): Promise<unknown> =>
    waitFor(`${count} to wait`, () => {
      const queued = workers.map(({ reservations }) => reservations.loads().get(of.serviceId)?.queued ?? 0);
      return queued.reduce((sum, n) => sum + n, 0) === count;
    });
  await queuedAre(15 * concurrency);
  served.push(
    serve('ping', fleet.ask(workers[1] as TestWorker, of, { queueTimeoutMs: 30_000, prioritised: true })),
  );
  await queuedAre(15 * concurrency + 1);
  const { redis, keys } = fleet.leader.connection;
  await waitFor('the fleet to know of it', async () => {
    const [, rank] = await redis.zrange(keys.waiters(of.serviceId), '0', '0', 'WITHSCORES');
    return Number(rank) < 0;
  });
  running.forEach((slot) => slot.release('success'));
  await Promise.all(served);
  expect(order).toHaveLength(15 * concurrency + 1);
  expect(order.indexOf('ping')).toBeLessThanOrEqual(2 * concurrency);
}, 40_000);
