import { processesWith, waitFor } from '@waiter/testkit';
import { Fleet, type Member } from './fleet';
import { app, healthyInstances, kitchenService } from './kitchen-service';
import { SteadyLoad } from './steady-load';

/** Two Marathon masters, one of which leads, as a scaler with both of their addresses sees them (spec: 4B.1, issue 5 scope 4). */
let fleet: Fleet;
beforeAll(async () => {
  fleet = await Fleet.start({ routers: 1, scalers: 1, standbyMarathon: true });
}, 90_000);
afterAll(() => fleet?.stop(), 60_000);

const leaderOf = async ({ url }: Member): Promise<string> =>
  ((await (await fetch(`${url}/v2/leader`)).json()) as { leader: string }).leader;
const processes = (id: string): number =>
  processesWith(`MESOS_TASK_ID=${id}.`).filter(({ cmdline }) => cmdline.includes('kitchen')).length;

it('the leading Marathon is killed under load: the other leads with the same tasks, scaling goes on, no request fails', async () => {
  const client = fleet.client();
  const { standby } = fleet;
  if (standby === null) throw new Error('nobody stands by');
  expect(await leaderOf(standby)).toBe(new URL(fleet.marathon.url).host);

  const description = { name: 'moved', 'concurrency-level': 2, 'max-instances': 4, 'scale-up-factor': 0.9 };
  await client.register('moved', kitchenService({ ...description, 'min-instances': 2 }));
  const first = await client.use('moved', '/hello', { 'x-waiter-debug': 'true' });
  const id = String(first.headers['x-waiter-service-id']);
  await waitFor('two instances', async () => (await healthyInstances(client, id)) === 2, {
    timeoutMs: 20_000,
  });
  const instances = async (): Promise<string[]> =>
    (await app(client, id)).instances['active-instances'].map((one) => one.id).sort();
  const before = await instances();
  const ask = () => client.use('moved', '/hello', { 'x-kitchen-delay-ms': '100' });
  const logs = async (): Promise<string[]> => {
    const query = `instance-id=${before[0]}&host=127.0.0.1`;
    return (await client.json<{ name: string }[]>(`/apps/${id}/logs?${query}`)).map(({ name }) => name);
  };
  expect(await logs()).toEqual(['stderr', 'stdout']);
  const load = new SteadyLoad(3, ask);

  await fleet.marathon.process.kill();
  await waitFor('another leader', async () => (await leaderOf(standby)) === new URL(standby.url).host);
  expect(await fleet.apps(standby)).toEqual([id]);
  expect(await instances()).toEqual(before);
  expect(processes(id)).toBe(2);
  expect(await logs()).toEqual(['stderr', 'stdout']);

  const more = new SteadyLoad(6, ask);
  await waitFor('growth', async () => (await healthyInstances(client, id)) === 4, { timeoutMs: 30_000 });
  expect(await instances()).toEqual(expect.arrayContaining(before));
  expect(processes(id)).toBe(4);
  await Promise.all([load.stop(), more.stop()]);
  expect([...load.failures, ...more.failures]).toEqual([]);

  // The one that led comes back, and stands by.
  const { port } = new URL(fleet.marathon.url);
  fleet.marathon = standby;
  await fleet.startStandby(Number(port));
  expect(fleet.standby && (await leaderOf(fleet.standby))).toBe(new URL(standby.url).host);
  expect(await fleet.apps(fleet.standby ?? standby)).toEqual([id]);
  const gone = await client.ask(`/apps/${id}`, { method: 'DELETE', headers: { accept: 'application/json' } });
  expect(gone.status).toBe(200);
  await waitFor('the end of its tasks', () => processes(id) === 0, { timeoutMs: 20_000 });
}, 120_000);
