import { systemClock, type LoadBalancing } from '@waiter/core';
import { Store } from '@waiter/store';
import {
  publishedInstances,
  startRedis,
  type InstanceState,
  type PublishedInstanceOptions,
  type RedisServer,
} from '@waiter/testkit';
import type { ReservableService, Slot } from '../reservations';
import { DEFAULT_RULES, type ReservationRules } from '../rules';
import { SlotReservations } from '../slot-reservations';

const CLUSTER = 'test';

export interface TestWorker {
  readonly store: Store;
  readonly reservations: SlotReservations;
  /** Services of which it told that requests wait, or that an instance is to be replaced. */
  readonly nudged: readonly string[];
}

export interface Client {
  readonly slot: Promise<Slot>;
  hangUp(): void;
}

export interface AskOptions {
  readonly queueTimeoutMs?: number;
  readonly prioritised?: boolean;
}

export interface PublishOptions extends PublishedInstanceOptions {
  readonly deploymentError?: string | null;
  readonly loadBalancing?: LoadBalancing;
}

/** Real workers with connections of their own to one real Redis, and what the leader does for them. */
export interface WorkerFleet {
  readonly redis: RedisServer;
  /** The leader's connection. */
  readonly leader: Store;
  /** Added to the wall clock of workers. */
  offsetMs: number;
  worker(name: string, url?: string, rules?: Partial<ReservationRules>): Promise<TestWorker>;
  /** The same id again, as after a restart. */
  workerAs(workerId: string): Promise<TestWorker>;
  service(concurrencyLevel: number, more?: Partial<ReservableService>): ReservableService;
  publish(of: ReservableService, states: readonly InstanceState[], options?: PublishOptions): Promise<void>;
  ask(worker: TestWorker, of: ReservableService, options?: AskOptions): Client;
  /** Slots leased, over all instances. */
  usage(of: ReservableService): Promise<number>;
  /** Ends the workers. */
  clear(): Promise<void>;
  /** Takes a worker off those that `clear` ends. */
  forget(worker: TestWorker): void;
  stop(): Promise<void>;
}

export async function startWorkerFleet(): Promise<WorkerFleet> {
  const redis = await startRedis();
  const leader = await Store.open({ url: redis.url, cluster: CLUSTER });
  const workers = new Set<TestWorker>();
  let serial = 0;

  const start = async (
    workerId: string,
    url: string,
    rules: Partial<ReservationRules>,
  ): Promise<TestWorker> => {
    const store = await Store.open({ url, cluster: CLUSTER }, 'failFast');
    const nudged: string[] = [];
    const reservations = await SlotReservations.start({
      workerId,
      store,
      onWaiting: (serviceId) => nudged.push(serviceId),
      rules: { ...DEFAULT_RULES, ...rules },
      clock: { ...systemClock, now: () => systemClock.now() + fleet.offsetMs },
    });
    const one = { store, reservations, nudged };
    workers.add(one);
    return one;
  };

  const fleet: WorkerFleet = {
    redis,
    leader,
    offsetMs: 0,
    worker: (name, url = redis.url, rules = {}) => start(`${name}-${(serial += 1)}/1`, url, rules),
    workerAs: (workerId) => start(workerId, redis.url, {}),
    service: (concurrencyLevel, more = {}) => ({
      serviceId: `waiter-service-r${(serial += 1)}`,
      concurrencyLevel,
      loadBalancing: 'oldest',
      maxQueueLength: 1_000,
      ...more,
    }),
    async publish({ serviceId, concurrencyLevel, loadBalancing: configured }, states, options = {}) {
      const { deploymentError = null, loadBalancing = configured } = options;
      await leader.instances.publish(
        {
          serviceId,
          epoch: 1,
          requested: states.length,
          scheduled: states.length,
          instances: publishedInstances(serviceId, states, options),
          failed: [],
          killed: [],
          deploymentError:
            deploymentError === null ? null : { key: 'bad-startup-command', message: deploymentError },
        },
        { concurrencyLevel, loadBalancing },
      );
    },
    ask({ reservations }, of, { queueTimeoutMs = 10_000, prioritised = false } = {}) {
      const listeners: (() => void)[] = [];
      const slot = reservations.reserve(of, {
        queueTimeoutMs,
        arrivedAtMs: Date.now(),
        prioritised,
        onAbort: (listener) => listeners.push(listener),
      });
      slot.catch(() => undefined);
      return { slot, hangUp: () => listeners.forEach((listener) => listener()) };
    },
    async usage({ serviceId }) {
      const usage = await leader.leases.usage(serviceId);
      return [...usage.values()].reduce((sum, n) => sum + n, 0);
    },
    async clear() {
      for (const { store, reservations } of workers) {
        await reservations.close(0);
        await store.close();
      }
      workers.clear();
      fleet.offsetMs = 0;
    },
    forget: (worker) => void workers.delete(worker),
    async stop() {
      await fleet.clear();
      await leader.close();
      await redis.stop();
    },
  };
  return fleet;
}

// The other suites import this file; as a suite of its own it shows that workers come and go.
if (expect.getState().testPath === __filename) {
  test('a worker joins and leaves', async () => {
    const fleet = await startWorkerFleet();
    try {
      const worker = await fleet.worker('a');
      expect(await fleet.leader.members.workers()).toEqual([worker.reservations.workerId]);
      await fleet.clear();
      expect(await fleet.leader.members.workers()).toEqual([]);
    } finally {
      await fleet.stop();
    }
  });
}
