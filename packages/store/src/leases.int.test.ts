import fc from 'fast-check';
import { startRedis, waitFor, type RedisServer } from '@waiter/testkit';
import { Connection } from './connection';
import { InstanceStore, StaleEpochError } from './instances';
import { LeaseStore, type ExchangeReply, type Grant, type LeaseMessage } from './leases';

const CLUSTER = 'test';
let redis: RedisServer;
let connection: Connection;
let leases: LeaseStore;
let instances: InstanceStore;
let serial = 0;

beforeAll(async () => {
  redis = await startRedis();
  connection = new Connection({ url: redis.url, cluster: CLUSTER });
  await connection.whenReady();
  leases = new LeaseStore(connection);
  instances = new InstanceStore(connection);
});

afterAll(async () => {
  await connection.close();
  await redis.stop();
});

const nextService = (): string => `waiter-service-${(serial += 1)}`;

/** Publishes `open` and `closed` instances `i0`, `i1`... started in that order. */
async function publish(
  serviceId: string,
  capacity: number,
  states: readonly ('open' | 'closed' | 'gone')[],
  epoch = 1,
  loadBalancing = 'oldest',
): Promise<number> {
  return instances.publish(
    {
      serviceId,
      epoch,
      requested: states.length,
      scheduled: states.length,
      instances: states.flatMap((state, n) =>
        state === 'gone'
          ? []
          : [
              {
                id: `${serviceId}.i${n}`,
                serviceId,
                host: '127.0.0.1',
                port: 4000 + n,
                extraPorts: [],
                startedAtMs: 1000 + n,
                healthy: true,
                flags: [],
                healthCheckStatus: null,
                exitCode: null,
                message: null,
                logDirectory: null,
                draining: state === 'closed',
              },
            ],
      ),
      failed: [],
      killed: [],
      deploymentError: null,
    },
    { concurrencyLevel: capacity, loadBalancing },
  );
}

/**
 * A worker as the protocol sees it: it queues, uses what it holds, gives idle slots back when recalled or
 * when they are on a closed instance, and follows the version of its holdings.
 */
class ModelWorker {
  version = 0;
  held = new Map<string, number>();
  busy = new Map<string, number>();
  queue: number[] = [];
  closed = new Set<string>();
  /** Arrival of the oldest request that waits elsewhere, as far as this worker was told. */
  elsewhere: number | null = null;
  /** Slots taken, as arrival times, in the order they were served. */
  served: number[] = [];
  stop: () => void = () => undefined;
  inbox: LeaseMessage[] = [];

  constructor(
    readonly id: string,
    readonly serviceId: string,
    /** Slots that it likes to keep ready. */
    readonly extra = 0,
  ) {}

  async listen(): Promise<void> {
    this.stop = await leases.subscribe(this.id, (message) => this.inbox.push(message));
  }

  private add(grants: readonly Grant[]): void {
    for (const { instanceId, slots } of grants) {
      this.held.set(instanceId, (this.held.get(instanceId) ?? 0) + slots);
    }
  }

  idle(): [string, number][] {
    return [...this.held]
      .map(([id, n]): [string, number] => [id, n - (this.busy.get(id) ?? 0)])
      .filter(([, n]) => n > 0);
  }

  /** Others wait, and longer than anybody here. */
  yields(): boolean {
    return this.elsewhere !== null && this.elsewhere < (this.queue[0] ?? Infinity);
  }

  use(): void {
    for (const [id, n] of this.idle()) {
      for (let i = 0; i < n && this.queue.length > 0 && !this.closed.has(id); i += 1) {
        this.served.push(this.queue.shift() ?? NaN);
        this.busy.set(id, (this.busy.get(id) ?? 0) + 1);
      }
    }
  }

  async exchange(): Promise<ExchangeReply> {
    const give = this.idle().filter(([id]) => this.closed.has(id) || this.yields());
    const oldest = this.queue[0] ?? 0;
    const newest = this.queue.at(-1) ?? 0;
    const reply = await leases.exchange({
      workerId: this.id,
      serviceId: this.serviceId,
      version: this.version,
      want: this.queue.length,
      oldestMs: oldest,
      stepMs: this.queue.length > 1 ? (newest - oldest) / (this.queue.length - 1) : 0,
      queued: this.queue.length,
      extra: this.elsewhere === null ? this.extra : 0,
      giveBack: give,
    });
    if (reply.status === 'ok') {
      for (const [id, n] of give) this.held.set(id, (this.held.get(id) ?? 0) - n);
      this.elsewhere = reply.oldestElsewhereMs;
      this.add(reply.grants);
      this.version = reply.version;
    } else if (reply.status === 'resync') {
      this.held.clear();
      this.add(reply.grants);
      this.version = reply.version;
      this.use();
      // A resync registers nothing: say again what is waited for.
      return this.exchange();
    }
    this.use();
    return reply;
  }

  async reassert(id: string): Promise<void> {
    this.stop();
    const worker = this as { id: string };
    worker.id = id;
    this.inbox = [];
    await this.listen();
    this.held = new Map([...this.busy].filter(([, n]) => n > 0));
    this.version = await leases.reassert(id, this.serviceId, 0, [...this.held]);
  }

  finish(n: number): void {
    const busy = [...this.busy].filter(([, count]) => count > 0);
    const one = busy[n % Math.max(1, busy.length)];
    if (one === undefined) return;
    this.busy.set(one[0], one[1] - 1);
    if (!this.yields()) this.use();
  }

  /** Handles what came in; true when that calls for an exchange. */
  digest(): boolean {
    let act = false;
    for (const message of this.inbox.splice(0)) {
      if (message.type === 'recall') {
        this.elsewhere = message.oldest;
        act ||= this.idle().length > 0;
      } else if (message.version === this.version + 1) {
        this.version = message.version;
        this.add(message.grants);
        this.use();
        act = true;
      } else if (message.version > this.version) {
        act = true;
      }
    }
    return act;
  }
}

type Step =
  | { kind: 'arrive' | 'finish' | 'die' | 'lapse' | 'mislay'; worker: number; n: number }
  | { kind: 'publish'; states: ('open' | 'closed' | 'gone')[] };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('arrive' as const), worker: fc.nat(2), n: fc.nat(3) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('finish' as const), worker: fc.nat(2), n: fc.nat(9) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('die' as const), worker: fc.nat(2), n: fc.nat(1) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('lapse' as const), worker: fc.nat(2), n: fc.nat(1) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('mislay' as const), worker: fc.nat(2), n: fc.nat(1) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('publish' as const),
      states: fc.array(
        fc.constantFrom('open' as const, 'open' as const, 'closed' as const, 'gone' as const),
        {
          minLength: 1,
          maxLength: 4,
        },
      ),
    }),
  },
);

/** Plays steps on the real scripts, and after each lets the workers react until nothing moves. */
class World {
  workers: ModelWorker[] = [];
  states: ('open' | 'closed' | 'gone')[] = ['open', 'open'];
  time = 1_000_000;
  names = 0;
  /** Arrival that had to be served next, whenever exactly one slot came free. */
  overtaken: string[] = [];

  constructor(
    readonly serviceId: string,
    readonly capacity: number,
  ) {}

  async begin(): Promise<void> {
    await publish(this.serviceId, this.capacity, this.states);
    for (let i = 0; i < 3; i += 1) await this.spawn(i);
  }

  private async spawn(i: number): Promise<void> {
    const worker = new ModelWorker(`${this.serviceId}/w${(this.names += 1)}`, this.serviceId, i);
    await worker.listen();
    this.workers[i] = worker;
    for (const id of this.closedIds()) worker.closed.add(id);
  }

  closedIds(): string[] {
    return this.states.flatMap((state, n) => (state === 'open' ? [] : [`${this.serviceId}.i${n}`]));
  }

  async play(one: Step): Promise<void> {
    if (one.kind === 'publish') {
      this.states = [...one.states];
      await publish(this.serviceId, this.capacity, this.states);
      for (const worker of this.workers) {
        worker.closed = new Set([
          ...this.closedIds(),
          ...[...worker.held.keys()].filter((id) => !this.isOpen(id)),
        ]);
      }
      for (const worker of this.workers) await worker.exchange();
    } else {
      const worker = this.workers[one.worker] as ModelWorker;
      if (one.kind === 'arrive') {
        for (let i = 0; i <= one.n; i += 1) worker.queue.push((this.time += 1));
        worker.use();
        await worker.exchange();
      } else if (one.kind === 'finish') {
        worker.finish(one.n);
        await worker.exchange();
      } else if (one.kind === 'die') {
        worker.stop();
        await leases.reap(worker.id, this.serviceId);
        await this.spawn(one.worker);
      } else if (one.kind === 'lapse') {
        await leases.reap(worker.id, this.serviceId);
        await worker.reassert(`${this.serviceId}/w${(this.names += 1)}`);
        await worker.exchange();
      } else {
        // Messages are lost; the next exchange must heal that.
        await this.delivered();
        worker.inbox = [];
        await worker.exchange();
        await worker.exchange();
      }
    }
    await this.settle();
  }

  isOpen(id: string): boolean {
    return this.states[Number(id.split('.i')[1])] === 'open';
  }

  /** Everything published so far has arrived: a marker on each channel comes after it. */
  private async delivered(): Promise<void> {
    for (const worker of this.workers) {
      const marker = JSON.stringify({ type: 'recall', service: 'marker', oldest: 0, need: 0 });
      await connection.redis.publish(connection.keys.workerChannel(worker.id), marker);
      const until = Date.now() + 5_000;
      while (!worker.inbox.some(({ service }) => service === 'marker')) {
        if (Date.now() > until) throw new Error('marker did not arrive');
        await new Promise((resolve) => setImmediate(resolve));
      }
      worker.inbox = worker.inbox.filter(({ service }) => service !== 'marker');
    }
  }

  private async settle(): Promise<void> {
    for (let round = 0; round < 50; round += 1) {
      await this.delivered();
      let moved = false;
      for (const worker of this.workers) {
        if (!worker.digest()) continue;
        moved = true;
        await worker.exchange();
      }
      if (!moved) return;
    }
    throw new Error('the protocol does not come to rest');
  }

  async check(): Promise<void> {
    const usage = await leases.usage(this.serviceId);
    for (const [id, used] of usage) {
      const believed = this.workers.reduce((sum, worker) => sum + (worker.held.get(id) ?? 0), 0);
      expect({ id, used }).toEqual({ id, used: believed });
    }
    for (const worker of this.workers) {
      for (const [id, n] of worker.held) {
        expect((usage.get(id) ?? 0) >= n).toBe(true);
        // Invariant 5: what is held of a closed instance is in use.
        if (!this.isOpen(id)) expect(n - (worker.busy.get(id) ?? 0)).toBe(0);
      }
    }
    // Invariant 2: nobody waits while a slot is free in the pool or idle with anybody.
    const waiting = this.workers.some(({ queue }) => queue.length > 0);
    if (!waiting) return;
    const free = this.states.flatMap((state, n) => {
      const used = usage.get(`${this.serviceId}.i${n}`) ?? 0;
      return state === 'open' && used < this.capacity ? [n] : [];
    });
    expect(free).toEqual([]);
    const idle = this.workers.flatMap((worker) => worker.idle().filter(([id]) => this.isOpen(id)));
    expect(idle).toEqual([]);
  }
}

describe('lease scripts', () => {
  it('keep invariants 1 and 2 through any history of arrivals, ends, deaths, lost messages and publications', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 3 }),
        fc.array(step, { maxLength: 25 }),
        async (capacity, steps) => {
          const world = new World(nextService(), capacity);
          await world.begin();
          let reasserted = false;
          for (const one of steps) {
            await world.play(one);
            reasserted ||= one.kind === 'lapse';
            await world.check();
            // Re-asserted requests run already, and an instance that closes and opens keeps them; else never above.
            if (!reasserted) {
              for (const used of (await leases.usage(world.serviceId)).values()) {
                expect(used).toBeLessThanOrEqual(capacity);
              }
            }
          }
          world.workers.forEach((worker) => worker.stop());
        },
      ),
      { numRuns: 150 },
    );
  }, 120_000);

  it('invariant 4: a freed slot goes to the oldest request of the fleet', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(2), { minLength: 2, maxLength: 12 }),
        fc.array(fc.nat(2), { minLength: 1, maxLength: 12 }),
        async (arrivals, finishes) => {
          const world = new World(nextService(), 1);
          world.states = ['open'];
          await world.begin();
          for (const worker of arrivals) await world.play({ kind: 'arrive', worker, n: 0 });
          for (let i = 0; i < finishes.length; i += 1) {
            const owner = world.workers.findIndex((worker) => [...worker.busy.values()].some((n) => n > 0));
            if (owner < 0) break;
            await world.play({ kind: 'finish', worker: owner, n: 0 });
          }
          const served = world.workers.flatMap((worker) => worker.served);
          const all = [...served, ...world.workers.flatMap((worker) => worker.queue)].sort((a, b) => a - b);
          expect([...served].sort((a, b) => a - b)).toEqual(all.slice(0, served.length));
          world.workers.forEach((worker) => worker.stop());
        },
      ),
      { numRuns: 60 },
    );
  }, 60_000);

  it('a publication hands its slots out at once, oldest first, though one worker names only its oldest', async () => {
    const id = nextService();
    await publish(id, 3, ['closed']);
    const waiting: ModelWorker[] = [];
    for (const [name, queue] of [
      ['a', [1, 201, 202]],
      ['b', [50, 51]],
    ] as const) {
      const worker = new ModelWorker(`${id}/${name}`, id);
      worker.queue = [...queue];
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

  it('fills the oldest instance first, or the youngest, as the service asks', async () => {
    for (const [policy, first] of [
      ['oldest', 'i0'],
      ['youngest', 'i2'],
    ] as const) {
      const id = nextService();
      await publish(id, 2, ['open', 'open', 'open'], 1, policy);
      const worker = new ModelWorker(`${id}/w`, id);
      worker.queue = [1, 2];
      await worker.exchange();
      expect([...worker.held.keys()]).toEqual([`${id}.${first}`]);
    }
  });

  it('refuses a publication by an older epoch, and changes nothing', async () => {
    const id = nextService();
    await publish(id, 1, ['open'], 7);
    await expect(publish(id, 1, [], 6)).rejects.toThrow(StaleEpochError);
    expect((await instances.get(id))?.instances).toHaveLength(1);
    await expect(publish(id, 1, [], 7)).resolves.toBe(2);
  });

  it('says `lost` to a worker that was reaped, and counts what it re-asserts even above capacity', async () => {
    const id = nextService();
    await publish(id, 1, ['open']);
    const first = new ModelWorker(`${id}/a`, id);
    first.queue = [1];
    await first.exchange();
    await leases.reap(first.id, id);
    const second = new ModelWorker(`${id}/b`, id);
    second.queue = [2];
    await second.exchange();
    expect(second.served).toEqual([2]);
    expect((await first.exchange()).status).toBe('lost');
    await first.reassert(`${id}/a~2`);
    expect((await leases.usage(id)).get(`${id}.i0`)).toBe(2);
    first.stop();
  });
});
