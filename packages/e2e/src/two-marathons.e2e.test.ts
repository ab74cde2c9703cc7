import { sleep, waitFor } from '@waiter/testkit';
import { Fleet } from './fleet';
import { healthyInstances, kitchenService } from './kitchen-service';
import { SteadyLoad } from './steady-load';

let fleet: Fleet;
beforeAll(async () => {
  fleet = await Fleet.start({ routers: 1, scalers: 1, twoMarathons: true });
}, 90_000);
afterAll(() => fleet?.stop(), 60_000);

const second = () => {
  if (fleet.secondMarathon === null) throw new Error('there is no second Marathon');
  return fleet.secondMarathon;
};
async function started(name: string, more: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const client = fleet.client();
  await client.register(name, kitchenService({ name, ...more }));
  const answer = await client.use(name, '/hello', { 'x-waiter-debug': 'true' });
  expect(answer.status).toBe(200);
  return answer.headers['x-waiter-service-id'] as string;
}

it('case 143: x-waiter-scheduler picks where a service runs; it is listed, described, and its logs are found', async () => {
  const client = fleet.client();
  const here = await started('here');
  const description = kitchenService({ name: 'there' });
  const headers = Object.fromEntries(
    Object.entries(description).map(([key, value]) => [`x-waiter-${key}`, String(value)]),
  );
  const answer = await client.get('/hello', {
    ...headers,
    'x-waiter-scheduler': 'second',
    'x-waiter-debug': 'true',
  });
  expect(answer.status).toBe(200);
  const there = answer.headers['x-waiter-service-id'] as string;
  expect(await fleet.apps()).toEqual([here]);
  expect(await fleet.apps(second())).toEqual([there]);
  const listed = await client.json<{ 'service-id': string }[]>('/apps');
  expect(listed.map((one) => one['service-id']).sort()).toEqual([here, there].sort());
  const view = await client.json<{
    'service-description': Record<string, unknown>;
    instances: { 'active-instances': { id: string; host: string }[] };
  }>(`/apps/${there}`);
  expect(view['service-description']['scheduler']).toBe('second');
  const [instance] = view.instances['active-instances'];
  const logs = await client.json<{ name: string }[]>(
    `/apps/${there}/logs?instance-id=${instance?.id}&host=${instance?.host}`,
  );
  expect(logs.map(({ name }) => name)).toEqual(['stderr', 'stdout']);
  const settings = await client.json<Record<string, unknown>>('/settings');
  expect(settings['scheduler-config']).toMatchObject({
    kind: 'composite',
    composite: { 'default-scheduler': 'first' },
  });
}, 60_000);

it('a scheduler that is not there is told to those who wait', async () => {
  const client = fleet.client();
  await client.register('nowhere', kitchenService({ name: 'nowhere', scheduler: 'third' }));
  const { status, body } = await client.use('nowhere', '/hello', { accept: 'application/json' });
  expect(status).toBe(503);
  expect(body).toContain('No matching scheduler found!');
}, 60_000);

it('with one of two away a new leader scales the other, and what runs on the one goes on serving', async () => {
  const client = fleet.client();
  const away = await started('away', { scheduler: 'second', 'min-instances': 2 });
  await started('stays');
  await waitFor('two instances', async () => (await healthyInstances(client, away)) === 2, {
    timeoutMs: 20_000,
  });
  const load = new SteadyLoad(2, () => client.use('away', '/hello', { 'x-kitchen-delay-ms': '50' }));
  second().process.signal('SIGSTOP');
  try {
    const leader = await fleet.leader();
    await leader.process.kill();
    await fleet.startScaler();
    // It leads, and has started something where it can.
    await started('new', { 'max-instances': 1 });
    const { answered } = load;
    await sleep(5_000);
    expect(load.answered).toBeGreaterThan(answered);
    expect(await healthyInstances(client, away)).toBe(2);
  } finally {
    second().process.signal('SIGCONT');
  }
  await sleep(7_000);
  expect(await healthyInstances(client, away)).toBe(2);
  await load.stop();
  expect(load.failures).toEqual([]);
}, 120_000);
