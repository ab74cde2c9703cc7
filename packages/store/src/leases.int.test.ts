import fc from 'fast-check';
import {
  publishedInstances,
  startRedis,
  waitFor,
  type InstanceState,
  type RedisServer,
} from '@waiter/testkit';
import { Connection } from './connection';
import { InstanceStore, StaleEpochError } from './instances';
import { LeaseStore } from './leases';
import { LeaseWorld, type State, type Step, type WorldOptions } from './testing/lease-world';
import { ModelWorker } from './testing/model-worker';

let redis: RedisServer;
let connection: Connection;
let leases: LeaseStore;
let instances: InstanceStore;
let serial = 0;

beforeAll(async () => {
  redis = await startRedis();
  connection = new Connection({ url: redis.url, cluster: 'test' });
  await connection.whenReady();
  leases = new LeaseStore(connection);
  instances = new InstanceStore(connection);
});

afterAll(async () => {
  await connection.close();
  await redis.stop();
});

const nextService = (): string => `waiter-service-${(serial += 1)}`;

const newWorld = (options: Omit<WorldOptions, 'makeInstances'>): LeaseWorld =>
  new LeaseWorld(connection, nextService(), { ...options, makeInstances: publishedInstances });

/** Publishes instances `i0`, `i1`... started in that order. */
const publish = (
  serviceId: string,
  capacity: number,
  states: readonly InstanceState[],
  epoch = 1,
): Promise<number> =>
  instances.publish(
    {
      serviceId,
      epoch,
      requested: states.length,
      scheduled: states.length,
      instances: publishedInstances(serviceId, states),
      failed: [],
      killed: [],
      deploymentError: null,
    },
    { concurrencyLevel: capacity, loadBalancing: 'oldest' },
  );

const onWorker = (kind: 'finish' | 'fail' | 'die' | 'lapse' | 'mislay', weight: number) => ({
  weight,
  arbitrary: fc.record({ kind: fc.constant(kind), worker: fc.nat(2), n: fc.nat(9) }) as fc.Arbitrary<Step>,
});
const state = fc.constantFrom<State>('open', 'open', 'draining', 'gone');
const steps = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('arrive' as const),
        worker: fc.nat(2),
        n: fc.nat(3),
        prioritised: fc.boolean(),
      }),
    },
    onWorker('finish', 6),
    onWorker('fail', 2),
    onWorker('die', 1),
    onWorker('lapse', 1),
    onWorker('mislay', 1),
    { weight: 1, arbitrary: fc.constant<Step>({ kind: 'due' }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('publish' as const),
        states: fc.array(state, { minLength: 1, maxLength: 4 }),
      }),
    },
  ) as fc.Arbitrary<Step>,
  { maxLength: 30 },
);

/** What must hold whenever the workers have come to rest. */
async function check(world: LeaseWorld): Promise<void> {
  const usage = await world.usage();
  const ejected = await world.ejections();
  const barred = (id: string): boolean => ejected.get(id)?.barred ?? false;
  for (const [id, used] of usage) {
    const believed = world.workers.reduce((sum, worker) => sum + (worker.held.get(id) ?? 0), 0);
    expect({ id, used }).toEqual({ id, used: believed });
  }
  for (const worker of world.workers) {
    for (const [id, n] of worker.held) {
      expect((usage.get(id) ?? 0) >= n).toBe(true);
      // Invariant 5, and ejection: what is held of an instance that must not be used is in use, but for a probe.
      const idle = n - worker.busy(id);
      if (!world.isOpen(id)) expect(idle).toBe(0);
      else if (barred(id)) expect(idle).toBeLessThanOrEqual(worker.ejected.get(id) === 'held' ? 1 : 0);
    }
    for (const id of worker.ejected.keys()) expect([...ejected.keys()]).toContain(id);
  }
  // Invariant 2: nobody waits while a slot is free in the pool or idle with anybody.
  if (world.queued() === 0) return;
  const free = world.states.flatMap((one, n) => {
    const used = usage.get(world.id(n)) ?? 0;
    return one === 'open' && used < world.options.capacity && !barred(world.id(n)) ? [n] : [];
  });
  expect(free).toEqual([]);
  const idle = world.workers.flatMap((worker) => worker.idle().filter(([id]) => worker.usable(id) > 0));
  expect(idle).toEqual([]);
}

describe('lease scripts', () => {
  it('keep invariants 1, 2 and 8 through any history of arrivals, ends, failures, deaths, lost messages, publications', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 12 }),
        steps,
        async (capacity, queueLimit, history) => {
          const world = newWorld({ capacity, queueLimit });
          await world.begin();
          let reasserted = false;
          for (const one of history) {
            const refusedBefore = world.refused();
            await world.play(one);
            reasserted ||= one.kind === 'lapse';
            await check(world);
            // Re-asserted requests run already, and an instance that closes and opens keeps them; else never above.
            if (!reasserted) {
              for (const used of (await world.usage()).values()) expect(used).toBeLessThanOrEqual(capacity);
              // Who dies takes its queue along; nobody else is refused while there is room.
              expect(world.queued()).toBeLessThanOrEqual(queueLimit);
              if (world.refused() > refusedBefore) expect(world.queued()).toBe(queueLimit);
            }
          }
          world.end();
        },
      ),
      { numRuns: 200 },
    );
  }, 180_000);

  it('invariant 4: a freed slot goes to the first request of the fleet, prioritised ones before all others', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ worker: fc.nat(2), prioritised: fc.boolean() }), {
          minLength: 2,
          maxLength: 12,
        }),
        fc.integer({ min: 1, max: 12 }),
        async (arrivals, finishes) => {
          const world = newWorld({ capacity: 1 });
          await world.begin(['open']);
          // Everybody waits for the first one to end.
          await world.play({ kind: 'arrive', worker: 0, n: 0 });
          for (const one of arrivals) await world.play({ kind: 'arrive', n: 0, ...one });
          const waiting = world.workers.flatMap(({ queue }) => queue.map(({ rank }) => rank));
          const order: number[] = [];
          for (let i = 0; i < finishes; i += 1) {
            const owner = world.workers.findIndex(({ running }) => running.length > 0);
            if (owner < 0) break;
            await world.play({ kind: 'finish', worker: owner, n: 0 });
            const served = world.workers.flatMap((worker) => worker.served);
            order.push(...served.filter((rank) => waiting.includes(rank) && !order.includes(rank)));
          }
          expect(order).toEqual([...waiting].sort((a, b) => a - b).slice(0, order.length));
          world.end();
        },
      ),
      { numRuns: 80 },
    );
  }, 60_000);

  it('a publication hands its slots out at once, oldest first, though one worker names only its oldest', async () => {
    const id = nextService();
    await publish(id, 3, ['draining']);
    const waiting: ModelWorker[] = [];
    for (const [name, queue] of [
      ['a', [1, 201, 202]],
      ['b', [50, 51]],
    ] as const) {
      const worker = new ModelWorker(`${id}/${name}`, id, leases);
      for (const at of queue) worker.arrive(at);
      await worker.listen();
      await worker.exchange();
      waiting.push(worker);
    }
    await publish(id, 3, ['open']);
    const served = (): number[][] =>
      waiting.map((worker) => {
        worker.digest();
        return worker.served;
      });
    await waitFor('three grants', () => served().flat().length === 3);
    expect(served()).toEqual([[1], [50, 51]]);
    waiting.forEach((worker) => worker.stop());
  });

  it('refuses a publication by an older epoch, and changes nothing', async () => {
    const id = nextService();
    await publish(id, 1, ['open'], 7);
    await expect(publish(id, 1, [], 6)).rejects.toThrow(StaleEpochError);
    expect((await instances.get(id))?.instances).toHaveLength(1);
    await expect(publish(id, 1, [], 7)).resolves.toBe(2);
  });

  it('a worker that Redis knows nothing of is `lost`, and what it re-asserts counts even above capacity', async () => {
    const id = nextService();
    await publish(id, 1, ['open']);
    const first = new ModelWorker(`${id}/a`, id, leases);
    first.arrive(1);
    await first.exchange();
    await leases.free(first.id, id, false);
    const second = new ModelWorker(`${id}/b`, id, leases);
    second.arrive(2);
    await second.exchange();
    expect(second.served).toEqual([2]);
    expect((await first.exchange()).status).toBe('lost');
    await first.reassert(`${id}/a~2`);
    expect((await leases.usage(id)).get(`${id}.i0`)).toBe(2);
    first.stop();
  });
});
