import { processesWith, sleep, waitFor } from '@waiter/testkit';
import { Fleet } from './fleet';
import { app, healthyInstances, kitchenService } from './kitchen-service';
import { among, SteadyLoad } from './steady-load';

/** Half a minute without Marathon: what runs goes on serving, and nothing is started twice when it is back. */
const OUTAGE_MS = 30_000;

let fleet: Fleet;
beforeEach(async () => {
  fleet = await Fleet.start({ routers: 2, scalers: 2 });
}, 90_000);
afterEach(() => fleet?.stop(), 60_000);

const instances = async (id: string): Promise<string[]> =>
  (await app(fleet.client(), id)).instances['active-instances'].map((one) => one.id).sort();
/** Ids of the tasks that Marathon has, and of those whose process there really is. */
const tasks = async (id: string): Promise<string[]> => {
  const answer = await fetch(`${fleet.marathon.url}/v2/apps/${id}/tasks`);
  return ((await answer.json()) as { tasks: { id: string }[] }).tasks.map((task) => task.id).sort();
};
const processes = (id: string): number =>
  processesWith(`MESOS_TASK_ID=${id}.`).filter(({ cmdline }) => cmdline.includes('kitchen')).length;

async function serving(name: string): Promise<{ id: string; load: SteadyLoad; before: string[] }> {
  const client = fleet.client();
  const description = {
    'concurrency-level': 2,
    'min-instances': 2,
    'max-instances': 4,
    'scale-up-factor': 0.9,
  };
  await client.register(name, kitchenService({ name, ...description }));
  const first = await client.use(name, '/hello', { 'x-waiter-debug': 'true' });
  const id = first.headers['x-waiter-service-id'] as string;
  await waitFor('two instances', async () => (await healthyInstances(client, id)) === 2, {
    timeoutMs: 20_000,
  });
  const load = new SteadyLoad(3, (n) =>
    among(fleet.clients, n).use(name, '/hello', { 'x-kitchen-delay-ms': '100' }),
  );
  await waitFor('load', () => load.answered > 20);
  return { id, load, before: await instances(id) };
}

async function everythingGoesOn({ id, load, before }: Awaited<ReturnType<typeof serving>>): Promise<void> {
  // Time to list, and to make the mistake of starting what already runs.
  await sleep(7_000);
  expect(await instances(id)).toEqual(before);
  expect(await tasks(id)).toEqual(before);
  expect(processes(id)).toBe(before.length);
  const more = new SteadyLoad(6, (n) =>
    among(fleet.clients, n).use(id.split('-').at(2) ?? '', '/hello', { 'x-kitchen-delay-ms': '100' }),
  );
  await waitFor('growth', async () => (await tasks(id)).length === 4, { timeoutMs: 30_000 });
  await Promise.all([load.stop(), more.stop()]);
  expect([...load.failures, ...more.failures]).toEqual([]);
  expect(processes(id)).toBe((await tasks(id)).length);
}

it('mini-marathon killed under load and restarted 30 s later: no request fails, no instance is started twice', async () => {
  const run = await serving('lasting');
  await fleet.marathon.process.kill();
  const { answered } = run.load;
  await sleep(OUTAGE_MS);
  expect(run.load.answered - answered).toBeGreaterThan(100);
  expect(run.load.failures).toEqual([]);
  expect(processes(run.id)).toBe(2);
  await fleet.startMarathon();
  await everythingGoesOn(run);
}, 180_000);

it('mini-marathon that answers nobody for 30 s: the same, and what was asked for meanwhile starts once', async () => {
  const run = await serving('enduring');
  fleet.marathon.process.signal('SIGSTOP');
  const { answered } = run.load;
  const client = fleet.client();
  await client.register('late', kitchenService({ name: 'late', 'max-instances': 1 }));
  const late = client.use('late', '/hello', { 'x-waiter-debug': 'true' });
  await sleep(OUTAGE_MS);
  expect(run.load.answered - answered).toBeGreaterThan(100);
  expect(run.load.failures).toEqual([]);
  fleet.marathon.process.signal('SIGCONT');
  const answer = await late;
  expect(answer.status).toBe(200);
  const id = answer.headers['x-waiter-service-id'] as string;
  await everythingGoesOn(run);
  expect(await tasks(id)).toHaveLength(1);
  expect(processes(id)).toBe(1);
}, 180_000);
