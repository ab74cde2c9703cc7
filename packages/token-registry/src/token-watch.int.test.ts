import type { Json, JsonMap } from '@waiter/core';
import { type RedisServer, startRedis, waitFor } from '@waiter/testkit';
import type { Socket } from 'node:net';
import request, { type Test } from 'supertest';
import { type Registry, startRegistry } from './testing/registry';
import { listen, type ListeningApp, Watcher } from './testing/watcher';

let redis: RedisServer;
let routers: readonly { readonly registry: Registry; readonly app: ListeningApp }[];
let serial = 0;
let isDraining = false;
const watchers: Watcher[] = [];

const start = async (): Promise<(typeof routers)[number]> => {
  const registry = await startRegistry({
    url: redis.url,
    isDraining: () => isDraining,
    watchHeartbeatMs: 100,
  });
  return { registry, app: await listen(registry.app) };
};

beforeAll(async () => {
  redis = await startRedis();
  routers = [await start(), await start()];
});

afterEach(() => {
  for (const watcher of watchers.splice(0)) watcher.close();
});

afterAll(async () => {
  for (const { registry, app } of routers) {
    await app.close();
    await registry.close();
  }
  await redis.stop();
});

const nextName = (): string => `watched-${(serial += 1)}`;
const router = (index: number): (typeof routers)[number] => {
  const found = routers[index];
  if (found === undefined) throw new Error('no such router');
  return found;
};
const post = (body: JsonMap, query = '', at = 0): Test =>
  request(router(at).registry.app).post(`/token${query}`).send(body);
const remove = (token: string, hard = false, at = 0): Test =>
  request(router(at).registry.app)
    .delete(`/token${hard ? '?hard-delete=true' : ''}`)
    .set('x-waiter-token', token);
const hardDelete = async (token: string): Promise<void> => {
  await remove(token).expect(200);
  await remove(token, true).expect(200);
};
/** What `/tokens` lists of a token now. */
const listed = async (token: string, query: string, at = 0): Promise<JsonMap | undefined> => {
  const { body } = await request(router(at).registry.app).get(`/tokens?${query}`).expect(200);
  return (body as JsonMap[]).find((entry) => entry['token'] === token);
};
const watch = async (query = '', at = 0): Promise<Watcher> => {
  const watcher = await Watcher.start(router(at).app.port, query);
  watchers.push(watcher);
  await watcher.until('the first object', () => watcher.events.length > 0);
  return watcher;
};
/** One watcher on each router. */
const watchAll = (query = ''): Promise<Watcher[]> => Promise.all(routers.map((_, at) => watch(query, at)));

const METADATA = 'include=metadata&include=deleted';

test('case 90: the state of the watch', async () => {
  await post({ token: nextName(), cpus: 1 }).expect(200);
  const stateOf = async (query = '', at = 0): Promise<JsonMap> => {
    const path = `/state/token-watch-maintainer${query}`;
    const { body } = await request(router(at).registry.app).get(path).expect(200);
    return (body as { state: JsonMap }).state;
  };
  const state = await stateOf();
  expect(Object.keys(state).sort()).toEqual(['last-update-time', 'watch-count']);
  expect(Math.abs(Date.parse(String(state['last-update-time'])) - Date.now())).toBeLessThan(60_000);
  expect(Object.keys(await stateOf('?include=token->index')).sort()).toEqual([
    'last-update-time',
    'token->index',
    'watch-count',
  ]);
  expect(state['watch-count']).toBe(0);
  const watcher = await watch('', 1);
  expect((await stateOf('', 1))['watch-count']).toBe(1);
  expect((await stateOf('', 0))['watch-count']).toBe(0);
  watcher.close();
  await waitFor('the watcher to be forgotten', async () => (await stateOf('', 1))['watch-count'] === 0);
});

test('case 91: the index in the state of every router', async () => {
  const token = nextName();
  const time = 1_679_500_580_000;
  const indexOf = (at: number): Promise<Json | undefined> =>
    request(router(at).registry.app)
      .get('/state/token-watch-maintainer?include=token->index')
      .then(({ body }) => (body as { state: { 'token->index': JsonMap } }).state['token->index'][token]);
  const expectIndex = async (entry: JsonMap | undefined): Promise<void> => {
    for (const at of [0, 1]) expect(await indexOf(at)).toEqual(entry);
  };
  const common = { maintenance: false, owner: 'alice', 'reference-type->reference-name': {}, token };
  const created = await post({ token, cpus: 1, 'last-update-time': time }, '?update-mode=admin')
    .set('x-user', 'operator')
    .send({ token, cpus: 1, owner: 'alice', 'last-update-time': time })
    .expect(200);
  const etag = String(created.headers['etag']);
  await expectIndex({ ...common, deleted: false, etag, 'last-update-time': time });
  const updated = await post({}, '?update-mode=admin')
    .set('x-user', 'operator')
    .set('if-match', etag)
    .send({ token, cpus: 2, owner: 'alice', 'last-update-time': time + 1 })
    .expect(200);
  await expectIndex({
    ...common,
    deleted: false,
    etag: String(updated.headers['etag']),
    'last-update-time': time + 1,
  });
  await remove(token).expect(200);
  await expectIndex({ ...common, deleted: true, etag: null, 'last-update-time': expect.any(Number) });
  await remove(token, true).expect(200);
  await expectIndex(undefined);
});

test('case 92, case 93, case 94: INITIAL, updates, soft and hard delete on every router', async () => {
  const token = nextName();
  const before = nextName();
  await post({ token: before, cpus: 1 }).expect(200);
  const all = await watchAll(`&${METADATA}`);
  for (const watcher of all) {
    const [first] = watcher.events;
    expect(first).toMatchObject({ type: 'INITIAL', 'reference-type': 'token', id: expect.any(String) });
    expect(first?.object).toContainEqual(await listed(before, METADATA));
  }
  const expectUpdate = async (): Promise<void> => {
    const entry = await listed(token, METADATA, 1);
    expect(entry).toBeDefined();
    for (const watcher of all) {
      await watcher.until('the update', () => sameJson(watcher.view().get(token), entry));
      expect(watcher.told(token).at(-1)).toEqual({ object: entry, type: 'UPDATE' });
    }
  };
  await post({ token, cpus: 1 }).expect(200);
  await expectUpdate();
  await post({ token, cpus: 2 }, '', 1).expect(200);
  await expectUpdate();
  await remove(token).expect(200);
  await expectUpdate();
  await remove(token, true, 1).expect(200);
  for (const watcher of all) {
    await watcher.until('the delete', () => !watcher.view().has(token));
    expect(watcher.told(token).at(-1)).toEqual({ object: { token, owner: 'alice' }, type: 'DELETE' });
    expect(watcher.events.map(({ type }) => type).slice(1)).toEqual(
      watcher.events.slice(1).map(() => 'EVENTS'),
    );
    expect(new Set(watcher.events.map(({ id }) => id)).size).toBe(watcher.events.length);
  }
});

const sameJson = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

/** A later change, told on the same stream: by then everything before it has been told. */
async function settle(watcher: Watcher): Promise<void> {
  const marker = nextName();
  await post({ token: marker, cpus: 1 }).expect(200);
  await hardDelete(marker);
  await watcher.until('the marker', () => watcher.told(marker).some((item) => item['type'] === 'DELETE'));
}

test('case 95: without include=deleted a soft delete is not seen', async () => {
  const [token, deleted] = [nextName(), nextName()];
  await post({ token, cpus: 1 }).expect(200);
  await post({ token: deleted, cpus: 1 }).expect(200);
  await remove(deleted).expect(200);
  const watcher = await watch();
  expect(watcher.view().has(deleted)).toBe(false);
  expect(watcher.view().has(token)).toBe(true);
  await remove(token).expect(200);
  await settle(watcher);
  expect(watcher.told(token)).toEqual([]);
  expect(watcher.view().has(token)).toBe(true);
});

test('case 96: entries without metadata', async () => {
  const token = nextName();
  const watcher = await watch();
  await post({ token, cpus: 1 }).expect(200);
  await watcher.until('the token', () => watcher.view().has(token));
  expect(watcher.view().get(token)).toEqual({
    token,
    owner: 'alice',
    maintenance: false,
    'reference-type->reference-name': {},
  });
});

const MAINTENANCE = { maintenance: { message: 'down' } };

test('case 97: maintenance=false', async () => {
  const [down, up] = [nextName(), nextName()];
  await post({ token: down, cpus: 1, ...MAINTENANCE }).expect(200);
  await post({ token: up, cpus: 1 }).expect(200);
  for (const watcher of await watchAll('&maintenance=false')) {
    expect(watcher.view().has(down)).toBe(false);
    expect(watcher.view().get(up)).toMatchObject({ maintenance: false });
    await post({ token: up, cpus: 1, ...MAINTENANCE }).expect(200);
    await settle(watcher);
    expect(watcher.told(up).filter((item) => item['type'] === 'DELETE')).toEqual([]);
    expect(watcher.view().get(up)).toMatchObject({ maintenance: false });
    await post({ token: up, cpus: 1 }).expect(200);
  }
});

test('case 98: maintenance=true', async () => {
  const [down, up] = [nextName(), nextName()];
  await post({ token: down, cpus: 1, ...MAINTENANCE }).expect(200);
  await post({ token: up, cpus: 1 }).expect(200);
  const all = await watchAll('&maintenance=true');
  for (const watcher of all) {
    expect(watcher.view().has(up)).toBe(false);
    expect(watcher.view().get(down)).toMatchObject({ maintenance: true });
  }
  await post({ token: up, cpus: 1, ...MAINTENANCE }).expect(200);
  for (const watcher of all) await watcher.until('the token', () => watcher.view().has(up));
  await post({ token: down, cpus: 1 }).expect(200);
  for (const watcher of all) {
    await settle(watcher);
    expect(watcher.view().get(down)).toMatchObject({ maintenance: true });
  }
});

test('case 99: a watch in which nothing happens ends after streaming-timeout', async () => {
  const watcher = await watch('&name=no-such-name&streaming-timeout=5000');
  expect(watcher.events).toMatchObject([{ type: 'INITIAL', object: [] }]);
  // What does not match is not delivered, and does not prolong it; neither do heartbeats.
  await post({ token: nextName(), cpus: 1 }).expect(200);
  await waitFor('the end', () => watcher.ended, { timeoutMs: 10_000 });
  expect(Math.abs(watcher.endedAt - watcher.startedAt - 5_000)).toBeLessThan(1_000);
  expect(watcher.events).toHaveLength(1);
  expect(watcher.heartbeats).toBeGreaterThan(5);
});

test('each delivered object prolongs a watch', async () => {
  const watcher = await watch('&streaming-timeout=600');
  for (let i = 0; i < 8; i += 1) {
    await new Promise((next) => setTimeout(next, 150));
    await post({ token: nextName(), cpus: 1 }).expect(200);
  }
  expect(watcher.ended).toBe(false);
  await waitFor('the end', () => watcher.ended);
});

test.each(['abc', '', '1.5', '-1', '1&streaming-timeout=2'])(
  'case 100: streaming-timeout=%s is refused',
  async (value) => {
    const { status, text } = await request(router(0).registry.app).get(
      `/tokens?watch=true&streaming-timeout=${value}`,
    );
    expect(status).toBe(400);
    expect(text).toContain('streaming-timeout query parameter must be an integer');
  },
);

test('value filters, parameters and owners hold for INITIAL and for events', async () => {
  const [mine, other] = [nextName(), nextName()];
  const query = '&name=chosen&parameters=name&owner=carol&include=cluster&include=service-id';
  const watcher = await watch(query);
  const say = (token: string, name: string, owner: string): Test =>
    post({ token, name }).set('x-user', owner).expect(200);
  await say(other, 'chosen', 'alice');
  await say(mine, 'chosen', 'carol');
  await watcher.until('the token', () => watcher.view().has(mine));
  expect(watcher.view().get(mine)).toEqual(await listed(mine, query.slice(1)));
  expect(watcher.view().get(mine)).toMatchObject({ parameters: { name: 'chosen' }, cluster: 'test' });
  await settle2(watcher);
  expect(watcher.view().has(other)).toBe(false);

  async function settle2(one: Watcher): Promise<void> {
    const marker = nextName();
    await say(marker, 'chosen', 'carol');
    await one.until('the marker', () => one.view().has(marker));
  }
});

test('leave-events=true tells a token that stops matching', async () => {
  const token = nextName();
  await post({ token, cpus: 1 }).expect(200);
  const watcher = await watch('&maintenance=false&leave-events=true');
  expect(watcher.view().has(token)).toBe(true);
  await post({ token, cpus: 1, ...MAINTENANCE }).expect(200);
  await watcher.until('the token to leave', () => !watcher.view().has(token));
  await post({ token, cpus: 1 }).expect(200);
  await watcher.until('the token to return', () => watcher.view().has(token));
  await remove(token).expect(200);
  await watcher.until('the token to leave', () => !watcher.view().has(token));
});

test('resume: since=<id> goes on after that event, on another router, and misses nothing', async () => {
  const [first, second, third] = [nextName(), nextName(), nextName()];
  const watcher = await watch('', 0);
  await post({ token: first, cpus: 1 }).expect(200);
  await watcher.until('the first', () => watcher.view().has(first));
  watcher.close();
  const id = watcher.events.at(-1)?.id ?? '';
  await post({ token: second, cpus: 1 }).expect(200);
  await hardDelete(first);

  const resumed = await watch(`&since=${id}`, 1);
  const [missed] = resumed.events;
  expect(missed?.type).toBe('EVENTS');
  expect(missed?.object.map((item) => [item['type'], (item['object'] as JsonMap)['token']])).toEqual([
    ['UPDATE', second],
    ['DELETE', first],
  ]);
  await post({ token: third, cpus: 1 }).expect(200);
  await resumed.until('the third', () => resumed.view().has(third));

  const again = await watch(`&since=${resumed.events.at(-1)?.id ?? ''}`, 0);
  expect(again.events).toMatchObject([{ type: 'EVENTS', object: [] }]);
  for (const unknown of ['1-1', '99999999999999-0']) {
    expect((await watch(`&since=${unknown}`)).events).toMatchObject([{ type: 'INITIAL' }]);
  }
  const { status } = await request(router(0).registry.app).get('/tokens?watch=true&since=x');
  expect(status).toBe(400);
});

test('100 writers and two watchers that come meanwhile: both end up with what is there', async () => {
  const names = Array.from({ length: 20 }, nextName);
  const early = await watch('', 0);
  const writes = Array.from({ length: 100 }, (_, i) =>
    post({ token: names[i % 20] ?? '', mem: 100 + i }, '', i % 2).expect(200),
  );
  const late = await watch('', 1);
  await Promise.all(writes);
  await Promise.all(names.slice(0, 5).map(hardDelete));
  for (const watcher of [early, late]) {
    await watcher.until('the view', () =>
      names.every((name, index) => watcher.view().has(name) === index >= 5),
    );
  }
});

test('a watcher that does not read is cut off, the others are served', async () => {
  const { app } = router(0);
  const sockets: Socket[] = [];
  app.server.on('connection', (socket) => sockets.push(socket));
  const slow = await Watcher.start(app.port, '&parameters=metadata&streaming-timeout=60000', false);
  const [socket] = sockets;
  watchers.push(slow);
  const quick = await watch();
  const token = nextName();
  const metadata = Object.fromEntries(Array.from({ length: 80 }, (_, i) => [`k${i}`, 'x'.repeat(500)]));
  for (let i = 0; socket?.destroyed === false; i += 1) {
    await router(1).registry.tokens.write({
      name: token,
      data: { owner: 'alice', metadata, cpus: i },
      historyLength: 1,
    });
    if (i > 5_000) throw new Error('never cut off');
  }
  expect(quick.ended || quick.broken).toBe(false);
  await settle(quick);
  expect(await watchCount()).toBe(1);
}, 60_000);

const watchCount = async (): Promise<unknown> =>
  request(router(0).registry.app)
    .get('/state/token-watch-maintainer')
    .then(({ body }) => (body as { state: JsonMap }).state['watch-count']);

test('a router that ends sends its watchers away', async () => {
  const watcher = await watch();
  isDraining = true;
  await waitFor('the end', () => watcher.ended);
  isDraining = false;
});

test('Redis restarts: watchers are told of what comes after, or sent away', async () => {
  const token = nextName();
  const watcher = await watch('&streaming-timeout=60000');
  await redis.restart();
  await waitFor('a write', async () => (await post({ token, cpus: 1 })).status === 200);
  await waitFor('news', () => watcher.ended || watcher.view().has(token));
});
