import { type Json, resolveService } from '@waiter/core';
import { type RedisServer, startRedis } from '@waiter/testkit';
import request, { type Test } from 'supertest';
import { type Registry, startRegistry } from './testing/registry';

let redis: RedisServer;
let registry: Registry;

type Body = Record<string, Json>;
const T1 = {
  env: { FLAG: 'true' },
  'load-balancing': 'oldest',
  metadata: { flag: 'false' },
  name: 'test-token-1',
  'permitted-user': '*',
};
const T2 = {
  env: { FLAG: 'false' },
  'load-balancing': 'youngest',
  metadata: { flag: 'true' },
  name: 'test-token-2',
};

const post = (body: Body, user = 'alice'): Test =>
  request(registry.app).post('/token').set('x-user', user).send(body);
const list = async (query: string): Promise<Body[]> =>
  (await request(registry.app).get(`/tokens?${query}`).expect(200)).body as Body[];
const names = async (query: string): Promise<Json[]> =>
  (await list(query)).map((entry) => entry['token'] ?? null).sort();
const entryOf = async (query: string, token: string): Promise<Body | undefined> =>
  (await list(query)).find((entry) => entry['token'] === token);

beforeAll(async () => {
  redis = await startRedis();
  registry = await startRegistry({ url: redis.url });
  await post({ ...T1, token: 't1' }).expect(200);
  await post({ ...T2, token: 't2' }).expect(200);
});

afterAll(async () => {
  await registry.close();
  await redis.stop();
});

test.each([
  ['case 76', '', ['t1', 't2']],
  ['case 77', 'cluster=test', ['t1', 't2']],
  ['case 77', 'cluster=k-means', []],
  ['case 78', 'last-update-user=alice', ['t1', 't2']],
  ['case 78', 'last-update-user=john.doe', []],
  ['case 79', 'load-balancing=oldest', ['t1']],
  ['case 79', 'load-balancing=youngest', ['t2']],
  ['case 79', 'load-balancing=oldest&load-balancing=youngest', ['t1', 't2']],
  ['case 80', 'env.FLAG=true', ['t1']],
  ['case 80', 'env.FLAG=false', ['t2']],
  ['case 80', 'env.FLAG=true&env.FLAG=false', ['t1', 't2']],
  ['case 81', 'name=test-token-1', ['t1']],
  ['case 81', 'name=test-token', []],
  ['case 81', 'name=test-token-.*', ['t1', 't2']],
  ['case 81', 'name=test(', []],
  ['case 82', 'permitted-user=*', ['t1']],
  ['case 82', 'permitted-user=', ['t2']],
  ['case 82', 'permitted-user=*&permitted-user=', ['t1', 't2']],
  ['case 82', 'name=test-token-.*&load-balancing=oldest', ['t1']],
])('%s: %s', async (_number, query, expected) => {
  expect(await names(query)).toEqual(expected);
});

test('case 83, case 84, case 85, case 86: parameters', async () => {
  const parametersOf = async (query: string): Promise<Json | undefined> =>
    (await entryOf(`${query}&permitted-user=*`, 't1'))?.['parameters'];
  expect(await parametersOf('parameters=cpus')).toEqual({});
  expect(await parametersOf('parameters=load-balancing&parameters=unknown')).toEqual({
    'load-balancing': 'oldest',
  });
  expect(await parametersOf('parameters=env&parameters=metadata')).toEqual({
    env: T1.env,
    metadata: T1.metadata,
  });
  expect(await parametersOf('parameters=env.flag&parameters=metadata.flag')).toEqual({
    metadata: { flag: 'false' },
  });
  expect(await parametersOf('parameters=env.FLAG&parameters=metadata.FLAG')).toEqual({
    env: { FLAG: 'true' },
  });
});

test('case 87: cluster and service id', async () => {
  const data = { cmd: 'c', cpus: 1, mem: 256, version: 'v', 'run-as-user': 'alice', 'permitted-user': '*' };
  await post({ ...data, token: 'whole' }).expect(200);
  const stored = await registry.tokens.get('whole');
  const input = {
    headers: { host: 'whole' },
    source: 'host-header',
    names: ['whole'],
    tokens: [stored],
    user: 'bob',
  } as const;
  const { serviceId } = resolveService(input, registry.settings);
  const query = 'include=cluster&include=service-id';
  expect(await entryOf(query, 'whole')).toEqual({
    cluster: 'test',
    maintenance: false,
    owner: 'alice',
    'reference-type->reference-name': {},
    'service-id': serviceId,
    token: 'whole',
  });
  expect(await entryOf(query, 't1')).toMatchObject({ 'service-id': null });
});

test('case 88, case 89: flags, owners and managers', async () => {
  await post(
    { token: 'star', name: 's', 'run-as-user': '*', 'allowed-params': ['A', 'B'], env: { A: '1' } },
    'bob',
  ).expect(200);
  await post({ token: 'down', name: 'd', 'run-as-user': 'bob', maintenance: { message: 'm' } }, 'bob').expect(
    200,
  );
  expect(await names('owner=bob')).toEqual(['down', 'star']);
  expect(await names('owner=nobody')).toEqual([]);
  expect(await names('owner=bob&owner=alice&maintenance=true')).toEqual(['down']);
  expect(await names('owner=bob&maintenance=no')).toEqual(['star']);
  expect(await names('owner=bob&run-as-requester=true')).toEqual(['star']);
  expect(await names('owner=bob&run-as-requester=false')).toEqual(['down']);
  expect(await names('owner=bob&requires-parameters=true')).toEqual(['star']);
  expect(await names('owner=bob&requires-parameters=false')).toEqual(['down']);
  expect(await names('can-manage-as-user=bob')).toEqual(['down', 'star']);
  const owners = (await request(registry.app).get('/tokens/owners').expect(200)).body as Body;
  expect(Object.keys(owners)).toEqual(['alice', 'bob']);
  const refused = await request(registry.app).post('/tokens/owners').expect(405);
  expect(refused.text).toContain('Only GET supported');
});

test('case 75: reindexing', async () => {
  const before = await names('');
  await registry.connection.redis.del(
    registry.connection.keys.tokenIndex(),
    registry.connection.keys.owner('alice'),
  );
  expect(await names('')).toEqual([]);
  const response = await request(registry.app).post('/tokens/reindex').expect(200);
  expect(response.body).toEqual({ message: 'Successfully re-indexed', tokens: before.length });
  expect(await names('')).toEqual(before);
  expect(await names('owner=alice')).toContain('t1');
});

test('security: an expression over which V8 would take hours', async () => {
  await post({ token: 'long', name: `${'a'.repeat(60)}b` }).expect(200);
  const filtered = (name: string) => request(registry.app).get('/tokens').query({ name });
  expect((await filtered('(a+)+$').expect(200)).body).toEqual([]);
  expect((await filtered('(a+)+b').expect(200)).body).toMatchObject([{ token: 'long' }]);
  const refused = await filtered('(a+)+(?=b)b').expect(400);
  expect(refused.text).toContain('Unsupported regular expression');
});

test('a list of many tokens, which is sent in pieces, is whole', async () => {
  const MANY = 2_500;
  for (let i = 0; i < MANY; i += 100) {
    await Promise.all(
      Array.from({ length: 100 }, (_, j) =>
        registry.tokens.write({ name: `many-${i + j}`, data: { owner: 'many', cpus: (i + j) % 10 } }),
      ),
    );
  }
  const all = (await request(registry.app).get('/tokens?owner=many').expect(200)).body as Body[];
  expect(new Set(all.map(({ token }) => token)).size).toBe(MANY);
  const some = (await request(registry.app).get('/tokens?owner=many&cpus=7').expect(200)).body as Body[];
  expect(some).toHaveLength(MANY / 10);
  expect((await request(registry.app).get('/tokens?owner=nobody-at-all').expect(200)).body).toEqual([]);
  expect((await request(registry.app).get('/tokens?owner=many&cpus=11').expect(200)).text).toBe('[]');
});
