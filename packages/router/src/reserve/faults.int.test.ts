import { systemClock } from '@waiter/core';
import { Store } from '@waiter/store';
import {
  sleep,
  startFaultProxy,
  startRedis,
  waitFor,
  type FaultProxy,
  type RedisServer,
} from '@waiter/testkit';
import type { Slot } from './reservations';
import { SlotReservations } from './slot-reservations';

const CLUSTER = 'test';
let redis: RedisServer;
let leader: Store;
let proxy: FaultProxy;
let serial = 0;
let offsetMs = 0;
const opened: { store: Store; reservations: SlotReservations }[] = [];

beforeAll(async () => {
  redis = await startRedis();
  leader = await Store.open({ url: redis.url, cluster: CLUSTER });
});
beforeEach(async () => {
  offsetMs = 0;
  proxy = await startFaultProxy({ targetPort: redis.port });
});
afterEach(async () => {
  for (const { store, reservations } of opened.splice(0)) {
    await reservations.close(0);
    await store.close();
  }
  await proxy.stop();
});
afterAll(async () => {
  await leader.close();
  await redis.stop();
});

async function worker(
  name: string,
  url = redis.url,
  workerId = `${name}-${(serial += 1)}/1`,
): Promise<{ store: Store; reservations: SlotReservations }> {
  const store = await Store.open({ url, cluster: CLUSTER }, 'failFast');
  const reservations = await SlotReservations.start({
    workerId,
    store,
    onWaiting: () => undefined,
    clock: {
      ...systemClock,
      now: () => systemClock.now() + offsetMs,
      monotonic: () => systemClock.monotonic(),
    },
  });
  const one = { store, reservations };
  opened.push(one);
  return one;
}
const through = (): string => `redis://127.0.0.1:${proxy.port}`;

async function publish(
  serviceId: string,
  concurrencyLevel: number,
  states: readonly ('open' | 'draining')[],
  deploymentError: string | null = null,
): Promise<void> {
  await leader.instances.publish(
    {
      serviceId,
      epoch: 1,
      requested: states.length,
      scheduled: states.length,
      instances: states.map((state, n) => ({
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
        draining: state === 'draining',
      })),
      failed: [],
      killed: [],
      deploymentError:
        deploymentError === null ? null : { key: 'bad-startup-command', message: deploymentError },
    },
    { concurrencyLevel, loadBalancing: 'oldest' },
  );
}

const service = (concurrencyLevel: number) => ({
  serviceId: `waiter-service-f${(serial += 1)}`,
  concurrencyLevel,
  loadBalancing: 'oldest' as const,
  maxQueueLength: 1000,
});

interface Client {
  readonly slot: Promise<Slot>;
  hangUp(): void;
}

function ask(reservations: SlotReservations, of: ReturnType<typeof service>, queueTimeoutMs = 5_000): Client {
  const listeners: (() => void)[] = [];
  const slot = reservations.reserve(of, {
    queueTimeoutMs,
    arrivedAtMs: Date.now(),
    onAbort: (listener) => listeners.push(listener),
  });
  slot.catch(() => undefined);
  return { slot, hangUp: () => listeners.forEach((listener) => listener()) };
}

const usage = async (id: string): Promise<number> =>
  [...(await leader.leases.usage(id)).values()].reduce((sum, n) => sum + n, 0);

test('a service is not forgotten while Redis still counts a request of it as waiting', async () => {
  const [a, b] = [await worker('a', through()), await worker('b')];
  const of = service(1);
  const gone = ask(a.reservations, of);
  const waiting = leader.connection.keys.waiters(of.serviceId);
  await waitFor('the request to be known', () => leader.connection.redis.zcard(waiting));
  await proxy.cut();
  offsetMs = 61_000;
  gone.hangUp();
  await sleep(700);
  await proxy.heal();
  await waitFor('the connection', () => a.store.connection.ready);
  await publish(of.serviceId, 1, ['open']);
  (await ask(b.reservations, of).slot).release('success');
});

test('news missed by a subscription that came back before the command connection are read later', async () => {
  const { store, reservations } = await worker('a');
  const of = service(1);
  await publish(of.serviceId, 1, [], 'it does not start');
  await expect(ask(reservations, of).slot).rejects.toThrow('it does not start');
  const { redis: commands } = store.connection;
  const again = new Promise((resolve) => store.connection.subscriptions().once('ready', resolve));
  commands.disconnect();
  await leader.connection.redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
  await publish(of.serviceId, 1, ['open']);
  await again;
  await sleep(20);
  await commands.connect();
  await waitFor('a slot', () => ask(reservations, of).slot.catch(() => null));
});

test('what Redis lost is stated again after a reconnect, even where the versions agree by chance', async () => {
  const [a, b] = [await worker('a'), await worker('b')];
  const of = service(1);
  await publish(of.serviceId, 1, ['open']);
  const { redis: direct, keys } = leader.connection;
  (await ask(a.reservations, of).slot).release('success');
  const names = [keys.leases(of.serviceId), keys.holders(of.serviceId), keys.open(of.serviceId)];
  const saved = await Promise.all(names.map((name) => direct.dumpBuffer(name)));
  (await ask(b.reservations, of).slot).release('success'); // recalled from a: version 2
  // The latest second is lost, and something else raised a's version since.
  const restore = direct.multi();
  names.forEach((name, n) => {
    restore.del(name);
    const value = saved[n];
    if (value) restore.restore(name, 0, value);
  });
  restore.hset(keys.holders(of.serviceId), a.reservations.workerId, '2 0 0 0.000');
  restore.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
  await restore.exec();
  await waitFor('all slots to go back', async () => (await usage(of.serviceId)) === 0, { timeoutMs: 8_000 });
});

test('a worker that fails half-way to its new id uses no slot of the old one', async () => {
  const [a, b] = [await worker('a'), await worker('b')];
  const of = service(1);
  await publish(of.serviceId, 1, ['open']);
  (await ask(a.reservations, of).slot).release('success');
  const { redis: direct, keys } = leader.connection;
  const { workerId } = a.reservations;
  const heartbeat = a.store.members.heartbeat.bind(a.store.members);
  let failures = 0;
  jest.spyOn(a.store.members, 'heartbeat').mockImplementation(async (id, join) => {
    const reply = await heartbeat(id, join);
    // Executed, but the answer is lost.
    if (join && (failures += 1) === 1) throw new Error('Command timed out');
    return reply;
  });
  await direct.zrem(keys.workers(), workerId);
  await leader.leases.reap(workerId, of.serviceId);
  const running = await ask(b.reservations, of).slot;
  await waitFor('the new id', () => failures > 0 && a.reservations.workerId !== workerId);
  await sleep(600);
  const client = ask(a.reservations, of);
  await sleep(300);
  let served = false;
  void client.slot.then(() => (served = true));
  await sleep(1);
  expect(served).toBe(false);
  running.release('success');
  (await client.slot).release('success');
});

test('what a buried worker was granted before it knew goes back', async () => {
  const a = await worker('a');
  const of = service(2);
  await publish(of.serviceId, 2, ['open']);
  const { redis: direct, keys } = leader.connection;
  const { workerId } = a.reservations;
  await direct.zrem(keys.workers(), workerId);
  await leader.leases.reap(workerId, of.serviceId);
  await direct.del(keys.workerServices(workerId));
  const slot = await ask(a.reservations, of).slot;
  await waitFor('the new id', () => a.reservations.workerId !== workerId);
  slot.release('success');
  await waitFor('all slots to go back', async () => (await usage(of.serviceId)) === 0, { timeoutMs: 8_000 });
});

test('while Redis is away a freed slot serves who waits here, though somebody waited longer elsewhere', async () => {
  const [a, b] = [await worker('a', through()), await worker('b')];
  const of = service(1);
  await publish(of.serviceId, 1, ['open']);
  const running = await ask(a.reservations, of).slot;
  const older = ask(b.reservations, of);
  await sleep(60);
  const mine = ask(a.reservations, of);
  await sleep(250);
  await proxy.cut();
  await sleep(500);
  running.release('success');
  (await mine.slot).release('success');
  older.hangUp();
});

test('after a loss of all data new instances are known again', async () => {
  const a = await worker('a', through());
  const of = service(1);
  for (let i = 0; i < 5; i += 1) await publish(of.serviceId, 1, ['open']);
  (await ask(a.reservations, of).slot).release('success');
  await leader.connection.redis.flushall();
  await publish(of.serviceId, 1, ['open', 'open']);
  await waitFor('the new id', () => a.reservations.workerId.includes('~'));
  await sleep(100);
  await proxy.cut();
  await sleep(400);
  const slots = [await ask(a.reservations, of, 1_000).slot, await ask(a.reservations, of, 1_000).slot];
  expect(new Set(slots.map(({ instanceId }) => instanceId)).size).toBe(2);
  for (const slot of slots) slot.release('success');
});

test('nothing is exchanged after the end', async () => {
  const a = await worker('a');
  const of = service(1);
  await publish(of.serviceId, 1, ['open']);
  const slot = await ask(a.reservations, of).slot;
  await a.reservations.close(0);
  const exchange = jest.spyOn(a.store.leases, 'exchange');
  slot.release('success');
  await sleep(300);
  expect(exchange).not.toHaveBeenCalled();
});

test('a worker that starts under the id of one that just died frees what that one held', async () => {
  const died = await worker('a');
  const of = service(1);
  await publish(of.serviceId, 1, ['open']);
  await ask(died.reservations, of).slot; // never released
  died.store.connection.redis.disconnect();
  await worker('a', redis.url, died.reservations.workerId);
  (await ask((await worker('b')).reservations, of).slot).release('success');
});

test('a snapshot that could not be read is read later', async () => {
  const { store, reservations } = await worker('a');
  const of = service(1);
  await publish(of.serviceId, 1, [], 'it does not start');
  await sleep(50); // its notice is not for this test
  jest.spyOn(store.instances, 'get').mockRejectedValueOnce(new Error('Command timed out'));
  await expect(ask(reservations, of).slot).rejects.toThrow('it does not start');
});
