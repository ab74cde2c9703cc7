import { isMap, type Json, type JsonMap } from '@waiter/core';
import { type FaultProxy, type RedisServer, startFaultProxy, startRedis } from '@waiter/testkit';
import request, { type Response, type Test } from 'supertest';
import { type Registry, startRegistry } from './testing/registry';

let redis: RedisServer;
let routers: readonly Registry[];
let serial = 0;

beforeAll(async () => {
  redis = await startRedis();
  routers = [await startRegistry({ url: redis.url }), await startRegistry({ url: redis.url })];
});

afterAll(async () => {
  for (const registry of routers) await registry.close();
  await redis.stop();
});

const nextName = (): string => `shared-token-${(serial += 1)}`;
const at = (router: number): Registry['app'] => {
  const registry = routers[router % routers.length];
  if (registry === undefined) throw new Error('no router');
  return registry.app;
};
const post = (router: number, body: JsonMap, query = ''): Test =>
  request(at(router)).post(`/token${query}`).send(body);
const get = (router: number, token: string, query = ''): Test =>
  request(at(router)).get(`/token?token=${token}${query}`).set('accept', 'application/json');
const etagOf = ({ headers }: Response): string => String(headers['etag']);
const messageOf = ({ body }: Response): string =>
  (body as { 'waiter-error': { message: string } })['waiter-error'].message;
/** The values of one key in a token and its history, newest first. */
const chain = (data: unknown, key: string): Json[] => {
  const values: Json[] = [];
  for (let level = data; isMap(level); level = level['previous'])
    if (level[key] !== undefined) values.push(level[key]);
  return values;
};

test('case 12: 10 times 10 concurrent reads on all routers see what was just written', async () => {
  const token = nextName();
  for (let round = 0; round < 10; round += 1) {
    const etag = etagOf(await post(round, { token, cmd: `echo ${round}` }).expect(200));
    const reads = await Promise.all(Array.from({ length: 10 }, (_, i) => get(i, token)));
    expect(reads.map(({ body }) => (body as JsonMap)['cmd'])).toEqual(reads.map(() => `echo ${round}`));
    expect(reads.map(etagOf)).toEqual(reads.map(() => etag));
  }
});

test('case 13: all entries say whether they are deleted, and their version', async () => {
  const [live, deleted] = [nextName(), nextName()];
  await post(0, { token: live, cpus: 1 }).expect(200);
  await post(0, { token: deleted, cpus: 1 }).expect(200);
  await request(at(0)).delete('/token').set('x-waiter-token', deleted).expect(200);
  for (const router of [0, 1]) {
    const { body } = await request(at(router)).get('/tokens?include=deleted&include=metadata').expect(200);
    for (const entry of body as JsonMap[]) {
      expect(Object.keys(entry)).toEqual(expect.arrayContaining(['deleted', 'etag']));
    }
  }
});

test('50 writers on one token through two routers: exactly one winner per version, no lost update, history in order', async () => {
  const token = nextName();
  await post(0, { token, mem: 100 }).expect(200);
  const etags = new Map<string, number>();
  let conflicts = 0;
  /** Adds one to `mem`, as a client does: read, change, write what was read or begin again. */
  const add = async (writer: number): Promise<void> => {
    for (let attempt = 0; ; attempt += 1) {
      const read = await get(writer + attempt, token).expect(200);
      const mem = Number((read.body as JsonMap)['mem']) + 1;
      const wrote = await post(writer, { token, mem }).set('if-match', etagOf(read));
      if (wrote.status === 200) {
        etags.set(etagOf(wrote), mem);
        return;
      }
      expect(wrote.status).toBe(412);
      expect(messageOf(wrote)).toBe('Cannot modify stale token');
      conflicts += 1;
    }
  };
  await Promise.all(Array.from({ length: 50 }, (_, writer) => add(writer)));
  // Fifty winners, each of a version of its own; the clock of this test stands still, so the tag tells content.
  expect([...etags.values()].sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => 101 + i));
  expect(conflicts).toBeGreaterThan(0);
  for (const router of [0, 1]) {
    const { body } = await get(router, token, '&include=metadata').expect(200);
    expect(chain(body, 'mem')).toEqual([150, 149, 148, 147, 146]);
  }
}, 60_000);

test('50 writers with the same If-Match: one wins each round, 49 are told that they are late', async () => {
  const token = nextName();
  await post(0, { token, name: 'round0' }).expect(200);
  for (let round = 1; round <= 3; round += 1) {
    const etag = etagOf(await get(0, token));
    const replies = await Promise.all(
      Array.from({ length: 50 }, async (_, writer) =>
        post(writer, { token, name: `round${round}`, version: `w${writer}` }).set('if-match', etag),
      ),
    );
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(replies.filter(({ status }) => status === 412)).toHaveLength(49);
  }
  const { body } = await get(1, token, '&include=metadata');
  expect(chain(body, 'name')).toEqual(['round3', 'round2', 'round1', 'round0']);
}, 60_000);

test('50 creators of one token with an empty If-Match: one creates it', async () => {
  const token = nextName();
  const replies = await Promise.all(
    Array.from({ length: 50 }, async (_, writer) =>
      post(writer, { token, version: `w${writer}` }).set('if-match', ''),
    ),
  );
  expect(replies.filter(({ status }) => status === 200)).toHaveLength(1);
  expect(replies.filter(({ status }) => status === 412)).toHaveLength(49);
});

test('case 73: who creates a deleted token again owns it, with a history of its own', async () => {
  const token = nextName();
  await post(0, { token, name: 'a' }).expect(200);
  await request(at(1)).delete('/token').set('x-waiter-token', token).expect(200);
  await post(0, { token, name: 'b' }).set('x-user', 'bob').expect(200);
  expect((await get(1, token, '&include=metadata')).body).toMatchObject({ owner: 'bob', previous: {} });
  const owned = async (owner: string): Promise<boolean> =>
    ((await request(at(1)).get(`/tokens?owner=${owner}&include=deleted`)).body as JsonMap[]).some(
      (entry) => entry['token'] === token,
    );
  expect([await owned('alice'), await owned('bob')]).toEqual([false, true]);
});

test('case 74: the history is as long as configured', async () => {
  const token = nextName();
  const length = routers[0]?.settings.historyLength ?? 0;
  for (let mem = 1; mem <= length + 3; mem += 1) await post(mem, { token, mem }).expect(200);
  const { body } = await get(0, token, '&include=metadata');
  expect(chain(body, 'mem')).toHaveLength(length);
});

test('numbers that would come back as others are refused, wherever they stand', async () => {
  const token = nextName();
  const send = (text: string): Test =>
    request(at(0)).post('/token').set('content-type', 'application/json').send(text);
  const refused = await send(`{"token":"${token}","cpus":12345678901234567890}`).expect(400);
  expect(messageOf(refused)).toBe('Number 12345678901234567890 cannot be represented exactly');
  await send(`{"token":"${token}","cpus":1e400}`).expect(400);
  await get(0, token).expect(404);
  await send(`{"token":"${token}","cpus":1.0,"mem":1e2}`).expect(200);
  expect((await get(1, token)).text).toContain('"cpus":1,"mem":100');
  await request(at(0))
    .post('/token')
    .set('content-type', 'application/json')
    .send(Buffer.from(`{"token":"${token}","name":"\xff"}`, 'latin1').toString('latin1'))
    .expect(200);
});

test('tokens/refresh is accepted, and says what is wrong with it', async () => {
  const token = nextName();
  await post(0, { token, cpus: 1 }).expect(200);
  const refresh = (body: JsonMap | string): Test =>
    request(at(1))
      .post('/tokens/refresh')
      .set('content-type', 'application/json')
      .send(body as object);
  expect((await refresh({ token, owner: 'alice' }).expect(200)).body).toEqual({ success: true });
  expect((await refresh({ index: true }).expect(200)).body).toEqual({ success: true });
  expect(messageOf(await refresh({ token, owner: 'nobody' }).expect(400))).toBe('no owner-key found');
  await refresh('{').expect(400);
  await request(at(1)).get('/tokens/refresh').expect(405);
});

test('a registry that lost its Redis says so with 503', async () => {
  const proxy: FaultProxy = await startFaultProxy({ targetPort: redis.port });
  const far = await startRegistry({ url: `redis://127.0.0.1:${proxy.port}` });
  proxy.stall();
  const response = await request(far.app).get('/token?token=t').set('accept', 'application/json').expect(503);
  expect(response.headers['retry-after']).toBe('1');
  expect(messageOf(response)).toContain('does not answer');
  await proxy.heal();
  await request(far.app).get('/token?token=t').expect(404);
  await proxy.stop();
  await far.close();
});
