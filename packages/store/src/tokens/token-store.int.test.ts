import { startRedis, type RedisServer, waitFor } from '@waiter/testkit';
import type { TokenData } from '@waiter/core';
import { Connection } from '../connection';
import { ChangeFeed } from '../events';
import { TokenStore } from './token-store';

let redis: RedisServer;
let connection: Connection;
let tokens: TokenStore;
let serial = 0;

beforeAll(async () => {
  redis = await startRedis();
  connection = new Connection({ url: redis.url, cluster: 'test' });
  await connection.whenReady();
  tokens = new TokenStore(connection);
});

afterAll(async () => {
  await connection.close();
  await redis.stop();
});

const nextName = (): string => `token-${(serial += 1)}`;
const depth = (data: TokenData): number => {
  let count = 0;
  for (let at: unknown = data; typeof at === 'object' && at !== null; at = (at as TokenData)['previous'])
    count += 1;
  return count;
};
/** What came of it: the result or the error. */
const outcome = (work: Promise<unknown>): Promise<unknown> => work.catch((error: unknown) => error);

test('a token is written, read, updated and listed', async () => {
  const name = nextName();
  const first = await tokens.write({
    name,
    data: { cmd: 'a', owner: 'alice', env: {}, 'allowed-params': [] },
  });
  expect(first.outcome).toBe('created');
  expect(await tokens.get(name)).toEqual(first.token);
  const second = await tokens.write({
    name,
    data: { cmd: 'b', owner: 'alice' },
    ifMatch: first.token?.hash ?? '',
  });
  expect(second.outcome).toBe('updated');
  const read = await tokens.get(name);
  expect(read?.data).toEqual({
    cmd: 'b',
    owner: 'alice',
    previous: { cmd: 'a', owner: 'alice', env: {}, 'allowed-params': [] },
  });
  expect(await tokens.list({ owners: ['alice'] })).toContainEqual({
    token: name,
    owner: 'alice',
    deleted: false,
    etag: read?.hash,
    lastUpdateTimeMs: null,
    maintenance: false,
  });
  expect(await tokens.getMany([name, 'no-such', name])).toEqual([read, null, read]);
  expect(await tokens.write({ name, data: () => null })).toEqual({
    outcome: 'unchanged',
    token: expect.anything(),
  });
});

test('case 72: a stale If-Match is refused for writes and deletes, the empty one means: only if it does not exist', async () => {
  const name = nextName();
  const created = await tokens.write({ name, data: { cmd: 'a', owner: 'o' }, ifMatch: '' });
  for (const ifMatch of ['', 'E-1']) {
    expect(await outcome(tokens.write({ name, data: { cmd: 'b', owner: 'o' }, ifMatch }))).toMatchObject({
      status: 412,
    });
    const removal = { name, ifMatch, by: 'o', nowMs: 1 };
    expect(await outcome(tokens.remove({ ...removal, hard: false }))).toMatchObject({ status: 412 });
    expect(await outcome(tokens.remove({ ...removal, hard: true }))).toMatchObject({ status: 412 });
  }
  await tokens.remove({ name, ifMatch: created.token?.hash ?? '', by: 'o', nowMs: 1, hard: false });
  expect(await tokens.get(name)).toBeNull();
  expect(await outcome(tokens.remove({ name, by: 'o', nowMs: 1, hard: false }))).toMatchObject({
    status: 404,
  });
  await tokens.remove({ name, ifMatch: '', by: 'o', nowMs: 1, hard: true });
  expect(await tokens.get(name, { includeDeleted: true })).toBeNull();
  expect(await outcome(tokens.remove({ name, by: 'o', nowMs: 1, hard: true }))).toMatchObject({
    status: 404,
  });
});

test('20 writers with If-Match on one token: one winner per version, history in order', async () => {
  const name = nextName();
  await tokens.write({ name, data: { cmd: '0', owner: 'o' } });
  for (let round = 1; round <= 5; round += 1) {
    const hash = (await tokens.get(name))?.hash ?? '';
    const writers = Array.from({ length: 20 }, (_, writer) =>
      outcome(tokens.write({ name, data: { cmd: `${round}-${writer}`, owner: 'o' }, ifMatch: hash })),
    );
    const results = await Promise.all(writers);
    expect(results.filter((result) => (result as { outcome?: string }).outcome === 'updated')).toHaveLength(
      1,
    );
    expect(results.filter((result) => (result as { status?: number }).status === 412)).toHaveLength(19);
  }
  const data = (await tokens.get(name))?.data ?? {};
  expect(depth(data)).toBe(5);
  const commands: unknown[] = [];
  for (let at: unknown = data; at !== undefined; at = (at as TokenData)['previous'])
    commands.push((at as TokenData)['cmd']);
  expect(commands.map((cmd) => String(cmd).split('-')[0])).toEqual(['5', '4', '3', '2', '1']);
});

test('20 writers without If-Match: nobody is lost, each sees the version before it', async () => {
  const name = nextName();
  await Promise.all(
    Array.from({ length: 20 }, () =>
      tokens.write({
        name,
        data: (current) => ({
          'max-queue-length': Number(current?.data['max-queue-length'] ?? 0) + 1,
          owner: 'o',
        }),
      }),
    ),
  );
  expect((await tokens.get(name))?.data['max-queue-length']).toBe(20);
});

test('case 59: the limit per owner counts live tokens, and holds for creators that race', async () => {
  const create = (name: string): Promise<unknown> =>
    outcome(tokens.write({ name, data: { cmd: 'a', owner: 'limited' }, limitPerOwner: 3 }));
  const names = Array.from({ length: 10 }, nextName);
  const results = await Promise.all(names.map(create));
  const refusals = results.filter((result) => (result as { status?: number }).status === 403);
  expect(refusals).toHaveLength(7);
  expect(refusals[0]).toMatchObject({ details: { 'allowed-owned-tokens': 3, 'num-owned-tokens': 3 } });
  const [mine] = await tokens.list({ owners: ['limited'] });
  const name = mine?.token ?? '';
  const update = { name, data: { cmd: 'b', owner: 'limited' }, limitPerOwner: 1 };
  expect((await tokens.write(update)).outcome).toBe('updated');
  await tokens.remove({ name, by: 'limited', nowMs: 1, hard: false });
  expect(await create(nextName())).toMatchObject({ outcome: 'created' });
});

test('case 48, case 73: the index follows the owner', async () => {
  const name = nextName();
  const namesOf = async (owner: string): Promise<string[]> =>
    (await tokens.list({ owners: [owner] })).map((t) => t.token);
  await tokens.write({ name, data: { cmd: 'a', owner: 'first' } });
  await tokens.write({ name, data: { cmd: 'a', owner: 'second' } });
  expect([await namesOf('first'), await namesOf('second')]).toEqual([[], [name]]);
  await tokens.remove({ name, by: 'second', nowMs: 5, hard: false });
  expect(await namesOf('second')).toEqual([]);
  const deleted = await tokens.list({ owners: ['second'], includeDeleted: true });
  expect(deleted).toMatchObject([{ token: name, deleted: true, etag: null, lastUpdateTimeMs: 5 }]);
  await tokens.write({ name, data: { cmd: 'b', owner: 'third' } });
  expect(await namesOf('third')).toEqual([name]);
  expect((await tokens.get(name))?.data).toEqual({ cmd: 'b', owner: 'third' });
  expect([...(await tokens.owners()).keys()]).toEqual(expect.arrayContaining(['first', 'second', 'third']));
});

test('case 75: reindexing restores wiped indices and forgets what is gone', async () => {
  const name = nextName();
  await tokens.write({ name, data: { cmd: 'a', owner: 'wiped' } });
  const { redis: client, keys } = connection;
  await client.del(keys.tokenIndex(), keys.owner('wiped'), keys.owners());
  await client.sadd(keys.owner('ghost'), name, 'gone');
  await client.sadd(keys.owners(), 'ghost');
  await client.hset(keys.tokenIndex(), 'gone', '{"token":"gone","owner":"ghost","deleted":false}');
  const all = (await client.keys(`${keys.token('')}*`)).length;
  expect(await tokens.reindex()).toBe(all);
  expect(await tokens.list({ owners: ['wiped'] })).toMatchObject([{ token: name }]);
  expect(await tokens.list({ includeDeleted: true })).toHaveLength(all);
  expect((await tokens.owners()).has('ghost')).toBe(false);
});

test('every change is told on the feed and kept in its stream', async () => {
  const listener = new Connection({ url: redis.url, cluster: 'test' });
  const heard: unknown[] = [];
  const stop = await new ChangeFeed(listener).subscribe(
    (notice) => heard.push(notice),
    () => undefined,
  );
  const name = nextName();
  await tokens.write({ name, data: { cmd: 'a', owner: 'o' } });
  await tokens.remove({ name, by: 'o', nowMs: 1, hard: false });
  await tokens.remove({ name, by: 'o', nowMs: 1, hard: true });
  const notice = { type: 'token', token: name, owner: 'o' };
  await waitFor('three notices', () => heard.length >= 3);
  expect(heard).toEqual([notice, notice, notice]);
  const [[, fields] = ['', []]] = await connection.redis.xrevrange(
    connection.keys.events(),
    '+',
    '-',
    'COUNT',
    1,
  );
  expect(fields).toEqual(['notice', JSON.stringify(notice)]);
  await stop();
  await listener.close();
});
