import { sleep, startFaultProxy, waitFor, type FaultProxy } from '@waiter/testkit';
import { startWorkerFleet, type WorkerFleet } from './testing/workers.int.test';

let fleet: WorkerFleet;
let proxy: FaultProxy;

beforeAll(async () => {
  fleet = await startWorkerFleet();
});
beforeEach(async () => {
  proxy = await startFaultProxy({ targetPort: fleet.redis.port });
});
afterEach(async () => {
  await fleet.clear();
  await proxy.stop();
});
afterAll(() => fleet.stop());

const through = (): string => `redis://127.0.0.1:${proxy.port}`;

test('a service is not forgotten while Redis still counts a request of it as waiting', async () => {
  const [a, b] = [await fleet.worker('a', through()), await fleet.worker('b')];
  const of = fleet.service(1);
  const gone = fleet.ask(a, of);
  const waiting = fleet.leader.connection.keys.waiters(of.serviceId);
  await waitFor('the request to be known', () => fleet.leader.connection.redis.zcard(waiting));
  await proxy.cut();
  fleet.offsetMs = 61_000;
  gone.hangUp();
  await sleep(700);
  await proxy.heal();
  await waitFor('the connection', () => a.store.connection.ready);
  await fleet.publish(of, ['open']);
  (await fleet.ask(b, of).slot).release('success');
});

test('news missed by a subscription that came back before the command connection are read later', async () => {
  const a = await fleet.worker('a');
  const { store } = a;
  const of = fleet.service(1);
  await fleet.publish(of, [], { deploymentError: 'it does not start' });
  await expect(fleet.ask(a, of).slot).rejects.toThrow('it does not start');
  const { redis: commands } = store.connection;
  const again = new Promise((resolve) => store.connection.subscriptions().once('ready', resolve));
  commands.disconnect();
  await fleet.leader.connection.redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
  await fleet.publish(of, ['open']);
  await again;
  await sleep(20);
  await commands.connect();
  await waitFor('a slot', () => fleet.ask(a, of).slot.catch(() => null));
});

test('what Redis lost is stated again after a reconnect, even where the versions agree by chance', async () => {
  const [a, b] = [await fleet.worker('a'), await fleet.worker('b')];
  const of = fleet.service(1);
  await fleet.publish(of, ['open']);
  const { redis: direct, keys } = fleet.leader.connection;
  (await fleet.ask(a, of).slot).release('success');
  const names = [keys.leases(of.serviceId), keys.holders(of.serviceId), keys.open(of.serviceId)];
  const saved = await Promise.all(names.map((name) => direct.dumpBuffer(name)));
  (await fleet.ask(b, of).slot).release('success'); // recalled from a: version 2
  // The latest second is lost, and something else raised a's version since.
  const restore = direct.multi();
  names.forEach((name, n) => {
    restore.del(name);
    const value = saved[n];
    if (value) restore.restore(name, 0, value);
  });
  restore.hset(keys.holders(of.serviceId), a.reservations.workerId, '2 0 0 0 0 0 0 0');
  restore.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
  await restore.exec();
  await waitFor('all slots to go back', async () => (await fleet.usage(of)) === 0, { timeoutMs: 8_000 });
});

test('a worker that fails half-way to its new id uses no slot of the old one', async () => {
  const [a, b] = [await fleet.worker('a'), await fleet.worker('b')];
  const of = fleet.service(1);
  await fleet.publish(of, ['open']);
  (await fleet.ask(a, of).slot).release('success');
  const { redis: direct, keys } = fleet.leader.connection;
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
  await fleet.leader.leases.reap(workerId, of.serviceId);
  const running = await fleet.ask(b, of).slot;
  await waitFor('the new id', () => failures > 0 && a.reservations.workerId !== workerId);
  await sleep(600);
  const client = fleet.ask(a, of);
  await sleep(300);
  let served = false;
  void client.slot.then(() => (served = true));
  await sleep(1);
  expect(served).toBe(false);
  running.release('success');
  (await client.slot).release('success');
});

test('what a buried worker was granted before it knew goes back', async () => {
  const a = await fleet.worker('a');
  const of = fleet.service(2);
  await fleet.publish(of, ['open']);
  const { redis: direct, keys } = fleet.leader.connection;
  const { workerId } = a.reservations;
  await direct.zrem(keys.workers(), workerId);
  await fleet.leader.leases.reap(workerId, of.serviceId);
  await direct.del(keys.workerServices(workerId));
  const slot = await fleet.ask(a, of).slot;
  await waitFor('the new id', () => a.reservations.workerId !== workerId);
  slot.release('success');
  await waitFor('all slots to go back', async () => (await fleet.usage(of)) === 0, { timeoutMs: 8_000 });
});

test('while Redis is away a freed slot serves who waits here, though somebody waited longer elsewhere', async () => {
  const [a, b] = [await fleet.worker('a', through()), await fleet.worker('b')];
  const of = fleet.service(1);
  await fleet.publish(of, ['open']);
  const running = await fleet.ask(a, of).slot;
  const older = fleet.ask(b, of);
  await sleep(60);
  const mine = fleet.ask(a, of);
  await sleep(250);
  await proxy.cut();
  await sleep(500);
  running.release('success');
  (await mine.slot).release('success');
  older.hangUp();
});

test('after a loss of all data new instances are known again', async () => {
  const a = await fleet.worker('a', through());
  const of = fleet.service(1);
  for (let i = 0; i < 5; i += 1) await fleet.publish(of, ['open']);
  (await fleet.ask(a, of).slot).release('success');
  await fleet.leader.connection.redis.flushall();
  await fleet.publish(of, ['open', 'open']);
  await waitFor('the new id', () => a.reservations.workerId.includes('~'));
  await sleep(100);
  await proxy.cut();
  await sleep(400);
  const slots = [
    await fleet.ask(a, of, { queueTimeoutMs: 1_000 }).slot,
    await fleet.ask(a, of, { queueTimeoutMs: 1_000 }).slot,
  ];
  expect(new Set(slots.map(({ instanceId }) => instanceId)).size).toBe(2);
  for (const slot of slots) slot.release('success');
});

test('nothing is exchanged after the end', async () => {
  const a = await fleet.worker('a');
  const of = fleet.service(1);
  await fleet.publish(of, ['open']);
  const slot = await fleet.ask(a, of).slot;
  await a.reservations.close(0);
  const exchange = jest.spyOn(a.store.leases, 'exchange');
  slot.release('success');
  await sleep(300);
  expect(exchange).not.toHaveBeenCalled();
});

test('a worker that starts under the id of one that just died frees what that one held', async () => {
  const died = await fleet.worker('a');
  const of = fleet.service(1);
  await fleet.publish(of, ['open']);
  await fleet.ask(died, of).slot; // never released
  died.store.connection.redis.disconnect();
  await fleet.workerAs(died.reservations.workerId);
  (await fleet.ask(await fleet.worker('b'), of).slot).release('success');
});

test('a snapshot that could not be read is read later', async () => {
  const a = await fleet.worker('a');
  const { store } = a;
  const of = fleet.service(1);
  await fleet.publish(of, [], { deploymentError: 'it does not start' });
  await sleep(50); // its notice is not for this test
  jest.spyOn(store.instances, 'get').mockRejectedValueOnce(new Error('Command timed out'));
  await expect(fleet.ask(a, of).slot).rejects.toThrow('it does not start');
});
