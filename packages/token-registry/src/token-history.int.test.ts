import type { Json } from '@waiter/core';
import { type RedisServer, startRedis } from '@waiter/testkit';
import request, { type Response, type Test } from 'supertest';
import { type Registry, startRegistry } from './testing/registry';

let redis: RedisServer;
let routers: readonly [Registry, Registry];
let serial = 0;

beforeAll(async () => {
  redis = await startRedis();
  const profiles = { open: { defaults: { authentication: 'disabled' } } };
  const start = (): Promise<Registry> => startRegistry({ url: redis.url, settings: { profiles } });
  routers = [await start(), await start()];
});

afterAll(async () => {
  for (const registry of routers) await registry.close();
  await redis.stop();
});

type Body = Record<string, Json>;
const WHOLE = { cmd: 'c', cpus: 1, mem: 256, version: 'v1', 'run-as-user': 'alice' };
const nextName = (): string => `history-token-${(serial += 1)}`;
const post = (body: Body, query = ''): Test => {
  for (const { clock } of routers) clock.advance(1_000);
  return request(routers[0].app).post(`/token${query}`).send(body);
};
/** Through the router that did not write. */
const history = (query: string, user = 'alice'): Test =>
  request(routers[1].app).get(`/token-history${query}`).set('accept', 'application/json').set('x-user', user);
const messageOf = ({ body }: Response): string =>
  (body as { 'waiter-error': { message: string } })['waiter-error'].message;
const entriesOf = ({ body }: Response): Body[] => body as Body[];

test('case 101: one entry per version, newest first, and none of a token that is not there', async () => {
  const token = nextName();
  expect(messageOf(await history(`?token=${token}`).expect(404))).toBe(`Token not found: ${token}`);

  await post({ ...WHOLE, token }).expect(200);
  const [first, ...none] = entriesOf(await history(`?token=${token}`).expect(200));
  expect(none).toEqual([]);
  expect(first).toEqual({
    'service-description': WHOLE,
    'service-id': expect.stringMatching(/^waiter-service-/),
    'source-component': 'token',
    'update-time': new Date(routers[0].clock.now()).toISOString(),
  });

  await post({ ...WHOLE, version: 'v2', token }).expect(200);
  const both = entriesOf(await history(`?token=${token}`).expect(200));
  expect(both.map((entry) => (entry['service-description'] as Body)['version'])).toEqual(['v2', 'v1']);
  expect(both[1]).toEqual(first);
  expect(String(both[0]?.['update-time']) > String(both[1]?.['update-time'])).toBe(true);
  expect(both[0]?.['service-id']).not.toBe(both[1]?.['service-id']);

  await request(routers[0].app).delete('/token').set('x-waiter-token', token).expect(200);
  expect(messageOf(await history(`?token=${token}`).expect(404))).toBe(`Token not found: ${token}`);
});

test('length is a limit; what is no integer is refused', async () => {
  const token = nextName();
  for (const version of ['1', '2', '3']) await post({ ...WHOLE, version, token }).expect(200);
  const lengthOf = async (query: string): Promise<number> =>
    entriesOf(await history(`?token=${token}${query}`).expect(200)).length;
  expect([await lengthOf(''), await lengthOf('&length=2'), await lengthOf('&length=0')]).toEqual([3, 2, 0]);
  for (const bad of ['x', '', '-1', '1.5']) {
    const refused = await history(`?token=${token}&length=${bad}`).expect(400);
    expect(messageOf(refused)).toContain('length query parameter must be an integer');
  }
  await history('').expect(404);
  await request(routers[0].app).post('/token-history').expect(405);
});

test('versions that made no service are left out; the present one is an error', async () => {
  const token = nextName();
  await post({ ...WHOLE, token }).expect(200);
  await post({ name: 'partial', token }).expect(200);
  const message = messageOf(await history(`?token=${token}`).expect(400));
  expect(message).toContain('Service description using waiter headers/token improperly configured');
  await post({ ...WHOLE, version: 'v3', token }).expect(200);
  const entries = entriesOf(await history(`?token=${token}`).expect(200));
  expect(entries.map((entry) => (entry['service-description'] as Body)['version'])).toEqual(['v3', 'v1']);
});

test('a service that runs as its requester is shown as the caller would get it', async () => {
  const token = nextName();
  await post({ ...WHOLE, 'run-as-user': '*', token });
  const [entry] = entriesOf(await history(`?token=${token}`, 'bob').expect(200));
  expect(entry).toMatchObject({ 'service-description': { 'run-as-user': 'bob', 'permitted-user': 'bob' } });
});

test('case 34: authentication disabled by the profile contradicts the token when it is used', async () => {
  const token = nextName();
  await post({ ...WHOLE, token, profile: 'open', 'health-check-authentication': 'standard' }).expect(200);
  const message = messageOf(await history(`?token=${token}`).expect(400));
  expect(message).toContain(
    'The health check authentication (standard) cannot be enabled when authentication (disabled) is disabled',
  );
});
