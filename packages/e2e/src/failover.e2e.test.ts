import { sleep, waitFor } from '@waiter/testkit';
import { Fleet } from './fleet';
import { healthyInstances, kitchenService } from './kitchen-service';
import { among, SteadyLoad } from './steady-load';

let fleet: Fleet;
beforeAll(async () => {
  fleet = await Fleet.start({ routers: 2, workers: 2, scalers: 2 });
}, 90_000);
afterAll(() => fleet?.stop(), 60_000);

describe('failover', () => {
  it('a leader killed under load: the other leads within 5 s, no request fails, scaling goes on', async () => {
    const client = fleet.client();
    await client.register(
      'steady',
      kitchenService({ name: 'steady', 'scale-up-factor': 0.9, 'max-instances': 6 }),
    );
    const first = await client.use('steady', '/hello', { 'x-waiter-debug': 'true' });
    const id = first.headers['x-waiter-service-id'] as string;
    const ask = (n: number) =>
      among(fleet.clients, n).use('steady', '/hello', { 'x-kitchen-delay-ms': '300' });
    const load = new SteadyLoad(2, ask);
    await waitFor('growth', async () => (await healthyInstances(client, id)) >= 2, { timeoutMs: 20_000 });
    const leader = await fleet.leader();
    await leader.process.kill();
    const killedAt = Date.now();
    fleet.scalers.splice(fleet.scalers.indexOf(leader), 1);
    await fleet.leader();
    await waitFor(
      'the epoch of the new leader',
      async () => (await fleet.leader()).process.pid !== leader.process.pid,
    );
    expect(Date.now() - killedAt).toBeLessThan(5_000);
    const more = new SteadyLoad(3, ask);
    await waitFor('growth under the new leader', async () => (await healthyInstances(client, id)) >= 4, {
      timeoutMs: 30_000,
    });
    await Promise.all([load.stop(), more.stop()]);
    expect([...load.failures, ...more.failures]).toEqual([]);
  }, 90_000);

  it('leaders killed while a service grows and while it shrinks: counts get where they belong, no request fails', async () => {
    const client = fleet.client();
    const wave = kitchenService({
      name: 'wave',
      'scale-up-factor': 0.3,
      'scale-down-factor': 0.5,
      'max-instances': 6,
    });
    await client.register('wave', wave);
    const first = await client.use('wave', '/hello', { 'x-waiter-debug': 'true' });
    const id = first.headers['x-waiter-service-id'] as string;
    const ask = (n: number) => among(fleet.clients, n).use('wave', '/hello', { 'x-kitchen-delay-ms': '300' });
    const killLeader = async (): Promise<void> => {
      const leader = await fleet.leader();
      await fleet.startScaler();
      await leader.process.kill();
      fleet.scalers.splice(fleet.scalers.indexOf(leader), 1);
    };
    const count = (of: number) =>
      waitFor(`${of} instances`, async () => (await healthyInstances(client, id)) === of, {
        timeoutMs: 40_000,
      });
    const light = new SteadyLoad(1, ask);
    const heavy = new SteadyLoad(6, ask);
    await waitFor('growth', async () => (await healthyInstances(client, id)) >= 2, { timeoutMs: 20_000 });
    await killLeader();
    await count(6);
    await heavy.stop();
    await waitFor('a stop', async () => (await healthyInstances(client, id)) < 6, { timeoutMs: 20_000 });
    await killLeader();
    await count(1);
    await light.stop();
    expect([...heavy.failures, ...light.failures]).toEqual([]);
  }, 150_000);

  it('a router killed with SIGKILL: its leases serve elsewhere within 3 s, other routers do not fail', async () => {
    const [stays] = fleet.clients;
    const doomed = await fleet.startRouter();
    const doomedClient = fleet.client(fleet.routers.length - 1);
    if (stays === undefined) throw new Error('a router is needed');
    await stays.register('one', kitchenService({ name: 'one', 'max-instances': 1 }));
    expect((await stays.use('one', '/hello')).status).toBe(200);
    // The only slot goes to the router that is about to die, and is in use there.
    void doomedClient.use('one', '/hello', { 'x-kitchen-delay-ms': '60000' }).catch(() => undefined);
    await sleep(500);
    const waiting = stays.use('one', '/hello');
    const others = new SteadyLoad(1, () => stays.use('steady', '/hello'));
    await sleep(300);
    await doomed.process.kill();
    const killedAt = Date.now();
    fleet.routers.splice(fleet.routers.indexOf(doomed), 1);
    expect((await waiting).status).toBe(200);
    expect(Date.now() - killedAt).toBeLessThan(3_000);
    await others.stop();
    expect(others.failures).toEqual([]);
  }, 60_000);
});
