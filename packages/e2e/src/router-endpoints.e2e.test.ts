import { kitchenCommand } from '@waiter/kitchen';
import { waitFor } from '@waiter/testkit';
import { Fleet } from './fleet';
import type { Answer, FleetClient } from './fleet-client';
import { app, healthyInstances, kitchenService, serviceAuthorization } from './kitchen-service';

/** What a fleet says about itself, and the small print of lists and headers (spec: services-and-tokens 6.7 to 6.11). */
const USER = process.env['USER'] ?? 'root';
const JSON_HEADERS = { accept: 'application/json', 'content-type': 'application/json' };
const PROFILES = {
  webapp: { defaults: { 'concurrency-level': 120 } },
  slow: { defaults: { 'grace-period-secs': 300 } },
};

type Body = Record<string, unknown>;
const parsed = <T = Body>(answer: Answer): T => JSON.parse(answer.body) as T;
const messageOf = (answer: Answer): string =>
  parsed<{ 'waiter-error': { message: string } }>(answer)['waiter-error'].message;

let fleet: Fleet;
let client: FleetClient;
beforeAll(async () => {
  fleet = await Fleet.start({ routers: 2, env: { WAITER_DESCRIPTIONS_PROFILES: JSON.stringify(PROFILES) } });
  client = fleet.client();
}, 60_000);
afterAll(() => fleet?.stop(), 60_000);

const byHeaders = (more: Readonly<Record<string, string>>): Record<string, string> => ({
  'x-waiter-cmd': 'sleep 1',
  'x-waiter-cmd-type': 'shell',
  'x-waiter-cpus': '0.1',
  'x-waiter-mem': '64',
  'x-waiter-version': '1',
  'x-waiter-run-as-user': USER,
  ...JSON_HEADERS,
  ...more,
});

/** The id of a service that is stored and was never started. */
async function stored(name: string): Promise<string> {
  await client.register(name, kitchenService({ name }));
  const answer = await client.get('/service-id', { 'x-waiter-token': name });
  expect(answer.status).toBe(200);
  return answer.body;
}

describe('headers', () => {
  it('case 123: x-waiter-https-redirect redirects nobody', async () => {
    await client.register('plain', kitchenService({ name: 'plain' }));
    expect((await client.use('plain', '/', { 'x-waiter-https-redirect': 'true' })).status).toBe(200);
  });

  it('case 135: limits hold for descriptions by header', async () => {
    const answer = await client.get('/service-id', byHeaders({ 'x-waiter-cpus': '33' }));
    expect(answer.status).toBe(400);
    expect(messageOf(answer)).toContain('The following fields exceed their allowed limits');
    expect(messageOf(answer)).toContain('cpus is 33 but the max allowed is 32');
    const long = await client.get('/service-id', byHeaders({ 'x-waiter-cmd': 'x'.repeat(1201) }));
    expect(messageOf(long)).toContain('cmd must be at most 1200 characters');
  });
});

it('request-path cases 35 and 87: an instance that fails its health checks serves nobody, is not killed, and recovers', async () => {
  const cmd = `exec ${kitchenCommand()} -p $PORT0 --enable-status-change`;
  const patient = { 'health-check-interval-secs': 5, 'health-check-max-consecutive-failures': 15 };
  const description = kitchenService({ name: 'moody', cmd, 'grace-period-secs': 0, ...patient });
  await client.register('moody', description);
  const first = await client.use('moody', '/hello', { 'x-waiter-debug': 'true' });
  expect(first.status).toBe(200);
  const id = String(first.headers['x-waiter-service-id']);
  const instance = String(first.headers['x-waiter-backend-id']);
  // Until then only Waiter has seen it healthy.
  await waitFor('Marathon to find it healthy', async () => {
    const answer = await fetch(`${fleet.marathon.url}/v2/apps/${id}`);
    return ((await answer.json()) as { app: { tasksHealthy: number } }).app.tasksHealthy === 1;
  });
  const mood = { 'x-kitchen-default-status-value': '400', 'x-kitchen-default-status-timeout': '600000' };
  await client.use('moody', '/hello', mood);
  const healthy = (count: number): Promise<unknown> =>
    waitFor(
      `${count} healthy on every router`,
      async () => {
        const seen = await Promise.all(fleet.clients.map((one) => healthyInstances(one, id)));
        return seen.every((one) => one === count);
      },
      { timeoutMs: 40_000 },
    );
  await healthy(0);
  for (const one of fleet.clients) {
    const refused = await one.use('moody', '/hello', { 'x-waiter-queue-timeout': '1000' });
    expect([refused.status, refused.headers['server']]).toEqual([503, expect.stringMatching(/^waiter/)]);
    expect(refused.body).toContain('no instance available to handle request');
  }
  // It is there all the same.
  const { instances } = await app(client, id);
  const [known] = instances['active-instances'].filter((one) => one.id === instance);
  expect(instances['killed-instances']).toEqual([]);
  await fetch(`http://${known?.host}:${known?.port}/hello`, {
    headers: { 'x-kitchen-default-status-value': '200', authorization: serviceAuthorization(id) },
  });
  await healthy(1);
  const again = await fleet.client(1).use('moody', '/hello', { 'x-waiter-debug': 'true' });
  expect([again.status, again.headers['x-waiter-backend-id']]).toEqual([200, instance]);
}, 120_000);

describe('/apps', () => {
  it('case 148: what it does not know in the query changes nothing', async () => {
    const id = await stored('unasked');
    const ids = async (query: string): Promise<unknown> =>
      (await client.json<Body[]>(`/apps?token=unasked${query}`)).map((one) => one['service-id']);
    expect(await ids('&force=false')).toEqual(await ids(''));
    expect((await client.get(`/apps/${id}?force=false`)).status).toBe(200);
  });

  it('case 205: counts are there even when zero, and no healthy instances are none', async () => {
    await stored('counted');
    for (const entry of await client.json<Body[]>('/apps?token=counted&include=healthy-instances')) {
      expect(entry['instance-counts']).toEqual({ 'healthy-instances': 0, 'unhealthy-instances': 0 });
      expect(entry['instances'] ?? { 'healthy-instances': [] }).toEqual({ 'healthy-instances': [] });
    }
  });

  it('case 155: overrides that may not be, or make no sense', async () => {
    const id = await stored('overridden');
    const refusal = async (overrides: object): Promise<string> => {
      const answer = await client.ask(`/apps/${id}/override`, {
        method: 'POST',
        headers: JSON_HEADERS,
        body: JSON.stringify(overrides),
      });
      expect(answer.status).toBe(400);
      return messageOf(answer);
    };
    expect(await refusal({ cmd: 'x', 'max-instances': 5 })).toContain(
      'Cannot override the following parameter(s): cmd',
    );
    expect(await refusal({ mem: 1, cpus: 1, cmd: 'x' })).toContain('parameter(s): cmd, cpus, mem');
    expect(await refusal({ 'max-instances': 5, 'min-instances': 10 })).toContain(
      'min-instances (10) must be less than or equal to max-instances (5)',
    );
    expect(await refusal({ 'scale-factor': 0 })).toContain(
      'scale-factor must be a double in the range (0, 2]',
    );
  });
});

describe('about a router', () => {
  it('case 164: /profiles are those of /settings', async () => {
    const profiles = await client.json<{ name: string; defaults: object }[]>('/profiles');
    const settings = await client.json<Body>('/settings');
    expect(Object.fromEntries(profiles.map(({ name, defaults }) => [name, { defaults }]))).toEqual(PROFILES);
    expect(settings['profile-config']).toEqual(PROFILES);
  });

  it('case 166: all routers are of one version, and the port answers', async () => {
    const all = await Promise.all(fleet.clients.map((one) => one.json<Body>('/settings')));
    expect(new Set(all.map((settings) => settings['git-version'])).size).toBe(1);
    for (const [index, settings] of all.entries()) {
      expect([settings['port']].flat()).toContain(fleet.client(index).port);
      expect((await fleet.client(index).get('/')).status).toBe(200);
    }
  });

  it('gives the cookie of /waiter-auth to the client', async () => {
    const { status, headers, body } = await client.get('/waiter-auth');
    expect({ status, body }).toEqual({ status: 200, body: USER });
    expect(String(headers['set-cookie'])).toContain('x-waiter-auth=');
  });

  it('case 200: draining one router, and waiting for a service', async () => {
    const other = fleet.client(1);
    expect((await other.ask('/drain', { method: 'PUT' })).status).toBe(405);
    expect(await other.json('/drain')).toMatchObject({ 'drain-mode?': false });
    const drained = await other.ask('/drain?drain-timeout-secs=60', { method: 'POST' });
    expect(drained.status).toBe(200);
    expect(parsed(drained)).toEqual({
      result: expect.objectContaining({ 'drain-until': expect.stringMatching(/^\d{4}-.*Z$/) }),
    });
    expect(await other.json('/drain')).toMatchObject({ 'drain-mode?': true });
    expect(await other.get('/status')).toMatchObject({
      status: 503,
      body: expect.stringContaining('drain mode'),
    });
    expect((await client.get('/status')).status).toBe(200);
    expect((await other.ask('/drain?drain-timeout-secs=0', { method: 'POST' })).status).toBe(200);
    expect((await other.get('/status')).status).toBe(200);
    expect((await other.ask('/drain?drain-timeout-secs=soon', { method: 'POST' })).status).toBe(400);

    const id = await stored('awaited');
    const missing = await client.get(`/apps/${id}/await/exist`, JSON_HEADERS);
    expect({ status: missing.status, message: messageOf(missing) }).toEqual({
      status: 400,
      message: 'timeout is a required query parameter',
    });
    const goal = (name: string): Promise<Body> => client.json(`/apps/${id}/await/${name}?timeout=100`);
    expect(await goal('healthy')).toMatchObject({
      'goal-success?': false,
      'service-healthy?': false,
      'service-id': id,
    });
    expect(await client.json(`/apps/never-heard-of/await/deleted?timeout=100`)).toMatchObject({
      'goal-success?': true,
    });
  });
});
