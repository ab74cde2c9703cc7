import { startFaultProxy, startRedis, waitFor, type RedisServer } from '@waiter/testkit';
import { NO_ERRAND } from './lease-protocol';
import { Store } from './store';

let redis: RedisServer;
let store: Store;
let serial = 0;

beforeAll(async () => {
  redis = await startRedis();
  store = await Store.open({ url: redis.url, cluster: 'loss' });
});
afterAll(async () => {
  await store.close();
  await redis.stop();
});

const snapshot = (serviceId: string, epoch: number) => ({
  serviceId,
  epoch,
  requested: 0,
  scheduled: 0,
  instances: [],
  failed: [],
  killed: [],
  deploymentError: null,
});
const PUBLISH = { concurrencyLevel: 1, loadBalancing: 'oldest' } as const;

describe('after Redis lost what it had', () => {
  it('a new leader is above a former one that wrote once more in between', async () => {
    const options = { leaseMs: 600, renewMs: 50 };
    const first = store.leadership({ candidate: 'first', ...options });
    const second = store.leadership({ candidate: 'second', ...options });
    const epochs: number[] = [];
    for (const each of [first, second]) each.on('elected', (epoch) => epochs.push(epoch));
    // Many leaders before.
    await store.connection.redis.set(store.connection.keys.epoch(), String(Date.now()));
    first.start();
    const before = await waitFor('a leader', () => first.acting());
    await store.connection.redis.flushall();
    await store.instances.publish(snapshot('waiter-s', before), PUBLISH);
    await first.resign();
    second.start();
    const after = await waitFor('another leader', () => second.acting());
    expect(after).toBeGreaterThan(before);
    await expect(store.instances.publish(snapshot('waiter-s', after), PUBLISH)).resolves.toBeGreaterThan(0);
    await second.resign();
  });

  it('the leader itself begins a new epoch', async () => {
    const leader = store.leadership({ candidate: `same-${(serial += 1)}`, leaseMs: 600, renewMs: 50 });
    leader.start();
    const before = await waitFor('a leader', () => leader.acting());
    await store.connection.redis.flushall();
    await waitFor('a new epoch', () => (leader.acting() ?? 0) > before);
    await leader.resign();
  });
});

it('workers count as alive by the clock of Redis, not by that of the reader', async () => {
  await store.members.heartbeat('skewed/1', true);
  const now = jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 10_000);
  try {
    expect(await store.members.workers()).toContain('skewed/1');
    await store.members.announceRouter({ id: 'r', url: 'u', version: '', startedAtMs: 0, draining: false });
    now.mockReturnValue(Date.now() + 20_000);
    expect((await store.members.routers()).map(({ id }) => id)).toEqual(['r']);
  } finally {
    now.mockRestore();
  }
});

describe('an exchange whose outcome is unknown', () => {
  it('is followed by the full truth even if the versions agree, and does nothing if it arrives after that', async () => {
    const serviceId = 'waiter-late';
    const instance = {
      id: 'i0',
      serviceId,
      host: '127.0.0.1',
      port: 4000,
      extraPorts: [],
      startedAtMs: 1,
      healthy: true,
      flags: [],
      healthCheckStatus: null,
      exitCode: null,
      message: null,
      logDirectory: null,
      draining: false,
    };
    await store.instances.publish({ ...snapshot(serviceId, 1), instances: [instance] }, PUBLISH);
    const me = { workerId: 'late/1', serviceId };
    const first = await store.leases.exchange({
      ...NO_ERRAND,
      ...me,
      version: 0,
      ordinary: { count: 1, firstRank: 1, step: 0 },
    });
    expect(first).toMatchObject({ status: 'ok', version: 1, grants: [{ instanceId: 'i0', slots: 1 }] });
    // This one gives the slot back, and is on its way still when the next is there.
    const late = { ...NO_ERRAND, ...me, version: 1, giveBack: [['i0', 1]] as const };
    const second = await store.leases.exchange({ ...NO_ERRAND, ...me, version: 1, doubtful: true });
    expect(second).toMatchObject({ status: 'resync', grants: [{ instanceId: 'i0', slots: 1 }] });
    expect(await store.leases.exchange(late)).toMatchObject({ status: 'resync' });
    expect(await store.leases.usage(serviceId)).toEqual(new Map([['i0', 1]]));
  });

  it('by a worker of which Redis knows less is answered with `lost`', async () => {
    const reply = await store.leases.exchange({
      ...NO_ERRAND,
      workerId: 'unknown/1',
      serviceId: 'waiter-unknown',
      version: 3,
      doubtful: true,
    });
    expect(reply.status).toBe('lost');
  });
});

it('a connection that is closed while it waits to reconnect fails what is queued, and ends', async () => {
  const proxy = await startFaultProxy({ targetPort: redis.port });
  const away = await Store.open({ url: `redis://127.0.0.1:${proxy.port}`, cluster: 'loss' });
  await proxy.stop();
  await waitFor('the loss to be noticed', () => away.connection.redis.status === 'reconnecting');
  const queued = away.members.workers();
  await away.close();
  await expect(queued).rejects.toThrow('Connection is closed');
  await expect(away.members.workers()).rejects.toThrow('Connection is closed');
});
