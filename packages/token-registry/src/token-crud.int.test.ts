import { createHash } from 'node:crypto';
import { type Json, pick, TOKEN_DATA_KEYS } from '@waiter/core';
import { type RedisServer, startRedis } from '@waiter/testkit';
import request, { type Response, type Test } from 'supertest';
import { type Registry, startRegistry } from './testing/registry';

let redis: RedisServer;
let registry: Registry;
let other: Registry;
let serial = 0;

beforeAll(async () => {
  redis = await startRedis();
  registry = await startRegistry({ url: redis.url });
  other = await startRegistry({ url: redis.url });
});

afterAll(async () => {
  await registry.close();
  await other.close();
  await redis.stop();
});

type Body = Record<string, Json>;
const nextName = (): string => `crud-token-${(serial += 1)}`;
const post = (body: Body, query = ''): Test => request(registry.app).post(`/token${query}`).send(body);
const get = (name: string, query = ''): Test =>
  request(registry.app).get(`/token?token=${name}${query}`).set('accept', 'application/json');
const remove = (name: string, query = ''): Test =>
  request(registry.app)
    .delete(`/token${query}`)
    .set('accept', 'application/json')
    .set('x-waiter-token', name);
const messageOf = ({ body }: Response): string =>
  (body as { 'waiter-error': { message: string } })['waiter-error'].message;
const etagOf = ({ headers }: Response): string => String(headers['etag']);
const json = (response: Response): Body => response.body as Body;

describe('creation, reading, updating (spec 6.2)', () => {
  test('case 1: no parameters', async () => {
    const response = await post({ token: 't1' }).expect(400);
    expect(messageOf(response)).toContain('No parameters provided for t1');
  });

  test.each([
    ['case 2', { 'fallback-period-secs': 60 }],
    ['case 3', { 'https-redirect': true }],
  ])('%s: user metadata alone', async (_case, data) => {
    const token = nextName();
    const created = await post({ ...data, token }).expect(200);
    expect(json(created)['message']).toBe(`Successfully created ${token}`);
    expect(created.headers['x-waiter-operation-result']).toBe('token-created');
    expect(created.headers['content-type']).toBe('application/json');
    expect(json(await get(token).expect(200))).toEqual({ ...data, owner: 'alice' });
  });

  test('case 4, case 5, case 6, case 7, case 12: update, If-Match, no-op and history, seen on another router at once', async () => {
    const token = nextName();
    await post({ token, name: 'n', 'health-check-url': '/check' }).expect(200);
    registry.clock.advance(1000);
    const updated = await post({ token, name: 'n', 'health-check-url': '/health' }).expect(200);
    expect(json(updated)['message']).toBe(`Successfully updated ${token}`);
    expect(updated.headers['x-waiter-operation-result']).toBe('token-updated');

    const first = etagOf(await get(token).expect(200));
    expect(first).toBe(etagOf(updated));
    registry.clock.advance(1000);
    const third = await post({ token, name: 'n', 'health-check-url': '/third' })
      .set('if-match', first)
      .expect(200);
    expect(json(third)).toEqual({
      message: `Successfully updated ${token}`,
      'service-description': { name: 'n', 'health-check-url': '/third' },
    });
    const same = await post({ token, 'health-check-url': '/third', name: 'n' })
      .set('if-match', etagOf(third))
      .expect(200);
    expect(json(same)['message']).toBe(`No changes detected for ${token}`);
    expect(same.headers['x-waiter-operation-result']).toBe('token-no-op');
    expect(etagOf(same)).toBe(etagOf(third));

    const read = await request(other.app).get(`/token?token=${token}&include=metadata`).expect(200);
    expect(etagOf(read)).toBe(etagOf(third));
    expect(json(read)).toMatchObject({
      'health-check-url': '/third',
      previous: {
        'health-check-url': '/health',
        'last-update-time': new Date(registry.clock.now() - 1000).toISOString(),
        previous: { 'health-check-url': '/check' },
      },
    });
  });

  test('a no-op with a stale If-Match is refused too (spec 7.2, 7)', async () => {
    const token = nextName();
    await post({ token, name: 'n' }).expect(200);
    await post({ token, name: 'n' }).set('if-match', 'E-1').expect(412);
  });

  test('case 8: by query, by header, by Host', async () => {
    const token = nextName();
    await post({ token, name: 'n' }).expect(200);
    const byQuery = await get(token).expect(200);
    const byHeader = await request(registry.app).get('/token').set('x-waiter-token', token).expect(200);
    const byHost = await request(registry.app).get('/token').set('host', `${token}:9091`).expect(200);
    expect([byHeader.body, byHost.body]).toEqual([byQuery.body, byQuery.body]);
    expect([etagOf(byHeader), etagOf(byHost)]).toEqual([etagOf(byQuery), etagOf(byQuery)]);
  });

  test('case 9: a client can compute the etag', async () => {
    const token = nextName();
    await post({ token, name: 'n', cpus: 0.5, 'https-redirect': true }).expect(200);
    const read = await get(token, '&include=metadata').expect(200);
    const data = pick(json(read), (key) => key !== 'previous');
    const stored: Body = { ...data, 'last-update-time': Date.parse(String(data['last-update-time'])) };
    const text = Object.keys(stored)
      .sort()
      .map((key) => `${key}${String(stored[key])}`)
      .join('');
    expect(Object.keys(stored).every((key) => TOKEN_DATA_KEYS.has(key))).toBe(true);
    expect(etagOf(read)).toBe(`E-${createHash('md5').update(text).digest('hex')}`);
  });

  test('case 10, case 11, case 19, case 45: what is shown with and without metadata', async () => {
    const token = nextName();
    const data = { metadata: { a: 'b' }, 'metric-group': 'waiter_test', name: 'n', 'health-check-url': '/s' };
    await post({ ...data, token }).expect(200);
    for (const include of ['', '&include=none', '&include=foo']) {
      expect(json(await get(token, include))).toEqual({ ...data, owner: 'alice' });
    }
    const whole = {
      ...data,
      owner: 'alice',
      cluster: 'test',
      'last-update-time': new Date(registry.clock.now()).toISOString(),
      'last-update-user': 'alice',
      previous: {},
      root: 'test',
    };
    expect(json(await get(token, '&include=metadata'))).toEqual(whole);
    expect(json(await get(token, '&include=metadata&include=foo'))).toEqual(whole);
  });

  test('case 25: metadata comes back as it went', async () => {
    const token = nextName();
    await post({ token, metadata: { a: 'b', c: 'd' } }).expect(200);
    expect(json(await get(token))['metadata']).toEqual({ a: 'b', c: 'd' });
    await post({ token, metadata: { c: { d: 'e' } } }).expect(400);
  });

  test('case 31: min-instances has no cap of its own', async () => {
    const token = nextName();
    await post({ token, 'min-instances': 50 }).expect(200);
    expect(json(await get(token))['min-instances']).toBe(50);
    const spaced = { 'min-instances': 51, namespace: 'alice', 'run-as-user': 'alice' };
    await post({ token, ...spaced }).expect(200);
    expect(json(await get(token))).toEqual({ ...spaced, owner: 'alice' });
  });

  test('case 44, case 54: allowed-params is a set', async () => {
    await get('never-stored')
      .expect(404)
      .then((response) => {
        expect(messageOf(response)).toBe("Couldn't find token never-stored");
      });
    const token = nextName();
    await post({ token, 'allowed-params': ['VAR_1', 'VAR_2', 'VAR_1'] }).expect(200);
    expect(json(await get(token))['allowed-params']).toEqual(['VAR_1', 'VAR_2']);
    const again = await post({ token, 'allowed-params': ['VAR_2', 'VAR_1'] }).expect(200);
    expect(again.headers['x-waiter-operation-result']).toBe('token-no-op');
  });

  test('null values and health-check-proto survive', async () => {
    const token = nextName();
    await post({ token, 'health-check-proto': null }).expect(200);
    expect(json(await get(token))).toEqual({ 'health-check-proto': null, owner: 'alice' });
  });

  test('an empty If-Match creates only what does not exist', async () => {
    const token = nextName();
    await post({ token, name: 'a' }).set('if-match', '').expect(200);
    const refused = await post({ token, name: 'b' }).set('if-match', '').expect(412);
    expect(messageOf(refused)).toBe('Cannot modify stale token');
    await remove(token).expect(200);
    await post({ token, name: 'b' }).set('if-match', '').expect(200);
  });
});

describe('deletion (spec 6.2, 6.3)', () => {
  test('case 13, case 14, case 15, case 42: soft', async () => {
    const token = nextName();
    await post({ token, name: 'n', cpus: 1 }).expect(200);
    const deleted = await request(registry.app).delete('/token').set('host', token).expect(200);
    expect(json(deleted)).toEqual({ delete: token, 'hard-delete': false, success: true });
    expect(deleted.headers['x-waiter-operation-result']).toBe('token-deleted');
    expect(deleted.headers).not.toHaveProperty('etag');

    expect(messageOf(await get(token).expect(404))).toContain("Couldn't find token");
    const kept = await get(token, '&include=deleted&include=metadata').expect(200);
    expect(json(kept)).toMatchObject({ deleted: true, name: 'n', cpus: 1 });
    expect(kept.headers).not.toHaveProperty('etag');
    const list = async (query: string): Promise<Body | undefined> =>
      ((await request(registry.app).get(`/tokens?${query}`).expect(200)).body as Body[]).find(
        (t) => t['token'] === token,
      );
    expect(await list('include=metadata')).toBeUndefined();
    expect(await list('include=deleted&include=metadata')).toMatchObject({ deleted: true, etag: null });
    expect(messageOf(await remove(token).expect(404))).toBe(`Token ${token} does not exist`);
  });

  test('case 18: hard', async () => {
    const token = nextName();
    await post({ token, name: 'n' }).expect(200);
    const etag = etagOf(await get(token));
    const deleted = await remove(token, '?hard-delete=true').set('if-match', etag).expect(200);
    expect(json(deleted)).toEqual({ delete: token, 'hard-delete': true, success: true });
    expect(etagOf(deleted)).toBe(etag);
    await get(token).expect(404);
    await get(token, '&include=deleted').expect(404);
    const listed = (await request(registry.app).get('/tokens?include=deleted').expect(200)).body as Body[];
    expect(listed.map((entry) => entry['token'])).not.toContain(token);
    await remove(token, '?hard-delete=true').expect(404);
  });

  test('hard, of a soft-deleted one: needs no If-Match', async () => {
    const token = nextName();
    await post({ token, name: 'n' }).expect(200);
    await remove(token).expect(200);
    await remove(token, '?hard-delete=true').expect(200);
  });

  test('case 23: hard needs the right If-Match', async () => {
    const token = nextName();
    await post({ token, name: 'n' }).expect(200);
    const without = await remove(token, '?hard-delete=true').expect(400);
    expect(messageOf(without)).toBe('Must specify if-match header for token hard deletes');
    const wrong = await remove(token, '?hard-delete=true').set('if-match', '1010').expect(412);
    expect(messageOf(wrong)).toBe('Cannot modify stale token');
    await remove(token).set('if-match', '1010').expect(412);
  });

  test('case 40, case 41, case 43: what is refused', async () => {
    const nameless = await request(registry.app)
      .delete('/token?token=x')
      .set('accept', 'application/json')
      .set('host', 'localhost')
      .expect(400);
    expect(messageOf(nameless)).toBe("Couldn't find token in request");
    expect(messageOf(await remove('unknown').expect(404))).toBe('Token unknown does not exist');
    expect(messageOf(await remove('^SERVICE-ID#x').expect(404))).toBe('Token ^SERVICE-ID#x does not exist');
    const token = nextName();
    const etag = etagOf(await post({ token, name: 'n' }).expect(200));
    const soft = await remove(token).set('x-user', 'mallory').expect(403);
    expect(messageOf(soft)).toBe('User not allowed to delete token');
    const hard = await remove(token, '?hard-delete=true')
      .set('x-user', 'mallory')
      .set('if-match', etag)
      .expect(403);
    expect(messageOf(hard)).toBe('Cannot hard-delete token');
  });

  test('case 16, case 17: a bad token posted as deleted', async () => {
    const token = nextName();
    await post({ token, name: 'n' }).expect(200);
    await remove(token).expect(200);
    const body = { token, cpus: 'not a number', deleted: true };
    expect(messageOf(await post(body).expect(400))).toContain('cpus must be a positive number');
    expect(json(await post(body, '?update-mode=admin').expect(200))['message']).toContain(
      'Successfully created ',
    );
    expect(messageOf(await post({ token, cpus: 1, deleted: true }).expect(400))).toBe(
      'Cannot modify deleted token metadata',
    );
  });

  test('case 38: a deleted token in maintenance', async () => {
    const token = nextName();
    await post({ token, maintenance: { message: 'm' } }).expect(200);
    await remove(token).expect(200);
    const { body } = await request(registry.app).get('/tokens?include=deleted&include=metadata');
    expect((body as Body[]).find((entry) => entry['token'] === token)).toEqual({
      deleted: true,
      etag: null,
      'last-update-time': new Date(registry.clock.now()).toISOString(),
      maintenance: true,
      owner: 'alice',
      'reference-type->reference-name': {},
      token,
    });
  });

  test('case 37: maintenance ends with a POST without it', async () => {
    const token = nextName();
    const listed = async (): Promise<Body | undefined> =>
      ((await request(registry.app).get('/tokens')).body as Body[]).find((entry) => entry['token'] === token);
    await post({ token, name: 'n', maintenance: { message: 'down' } }).expect(200);
    expect(json(await get(token))['maintenance']).toEqual({ message: 'down' });
    expect(await listed()).toMatchObject({ maintenance: true });
    await post({ token, name: 'n' }).expect(200);
    expect(await listed()).toMatchObject({ maintenance: false });
  });
});

describe('admin mode (spec 6.2, 6.3)', () => {
  const admin = (body: Body, ifMatch?: string): Test => {
    const sent = post(body, '?update-mode=admin').set('x-user', 'operator');
    return ifMatch === undefined ? sent : sent.set('if-match', ifMatch);
  };

  test('case 20, case 21, case 22, case 24: an existing token needs the right If-Match', async () => {
    const token = nextName();
    const etag = etagOf(await post({ token, name: 'n' }).expect(200));
    const without = await admin({ token, name: 'm' }).expect(400);
    expect(messageOf(without)).toBe('Must specify if-match header for admin mode token updates');
    expect(messageOf(await admin({ token, name: 'm' }, '1010').expect(412))).toBe(
      'Cannot modify stale token',
    );
    const time = 1_500_000_000_000;
    await admin({ token, name: 'm', 'run-as-user': 'i-do-not-exist', 'last-update-time': time }, etag).expect(
      200,
    );
    const read = await get(token, '&include=metadata');
    expect(json(read)).toMatchObject({
      'run-as-user': 'i-do-not-exist',
      'last-update-time': new Date(time).toISOString(),
    });
    await admin({ token, name: 'gone', deleted: true }, etagOf(read)).expect(200);
    await get(token).expect(404);
    expect(json(await get(token, '&include=deleted&include=metadata'))).toMatchObject({
      deleted: true,
      name: 'gone',
    });
  });

  test('case 57: a token of another cluster is stored as it is, history included', async () => {
    const token = nextName();
    const foreign = {
      owner: 'bob',
      name: 'n',
      cluster: 'far',
      root: 'far',
      'last-update-user': 'bob',
      'last-update-time': '2026-11-23T05:00:00.123Z',
      previous: { name: 'm', 'last-update-time': '2026-11-22T05:00:00.000Z', previous: { name: 'l' } },
    };
    await admin({ ...foreign, token }).expect(200);
    expect(json(await get(token, '&include=metadata'))).toEqual(foreign);
  });

  test('case 58, case 60: what it still refuses', async () => {
    const token = nextName();
    expect(messageOf(await admin({ token, name: 'n', previous: 'foo' }).expect(400))).toBe(
      'Token previous must be a map',
    );
    for (const time of ['yesterday', '2026-13-01T00:00:00Z', 1e300, -1, true]) {
      const refused = await admin({ token, name: 'n', 'last-update-time': time }).expect(400);
      expect(messageOf(refused)).toBe('Invalid date format for last-update-time string');
    }
    await admin({ token, name: 'n', 'last-update-time': '2026-11-23T05:00:00.123456+00:00' }).expect(200);
    expect(json(await get(token, '&include=metadata'))['last-update-time']).toBe('2026-11-23T05:00:00.123Z');
  });

  test('case 61: unknown modes and users without the right', async () => {
    const token = nextName();
    expect(messageOf(await post({ token, name: 'n' }, '?update-mode=foobar').expect(400))).toBe(
      'Invalid update-mode: foobar',
    );
    const denied = await post({ token, name: 'n', owner: 'bob' }, '?update-mode=admin').expect(403);
    expect(messageOf(denied)).toBe('Cannot administer token');
  });

  test('security: nobody takes a token over by naming himself as the owner (spec 7.2, 1)', async () => {
    const token = nextName();
    const etag = etagOf(await post({ token, name: 'n' }).expect(200));
    await post({ token, name: 'm', owner: 'mallory' }, '?update-mode=admin')
      .set('x-user', 'mallory')
      .set('if-match', etag)
      .expect(403);
  });
});
