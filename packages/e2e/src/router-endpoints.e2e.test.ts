import { Fleet } from './fleet';
import type { Answer, FleetClient } from './fleet-client';
import { kitchenService } from './kitchen-service';

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

  // The hop from a worker to the API takes the fleet's own cookies for those of an instance and drops them. Once that
  // is mended this test passes, which `failing` reports.
  it.failing('gives the cookie of /waiter-auth to the client', async () => {
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
