import { type EntitlementManager, type Json, SimpleEntitlementManager } from '@waiter/core';
import { type RedisServer, startRedis } from '@waiter/testkit';
import request, { type Response, type Test } from 'supertest';
import { type Registry, startRegistry } from './testing/registry';

/** Besides the simple rules: `lead` may do everything that `team` may. */
class TeamManager implements EntitlementManager {
  private readonly simple = new SimpleEntitlementManager('operator');
  isAuthorized(subject: string, action: never, resource: { user: Json | undefined } | null): boolean {
    if (subject === 'lead' && resource?.user === 'team') return true;
    return this.simple.isAuthorized(subject, action, resource as never);
  }
}

let redis: RedisServer;
let registry: Registry;
let serial = 0;

beforeAll(async () => {
  redis = await startRedis();
  const profiles = {
    webapp: {
      defaults: {
        cmd: 'c',
        cpus: 1,
        mem: 2,
        version: 'v',
        'run-as-user': 'alice',
        authentication: 'disabled',
      },
    },
  };
  registry = await startRegistry({
    url: redis.url,
    manager: new TeamManager(),
    settings: { profiles, hostnames: ['localhost', '127.0.0.1', 'waiter.example'], tokenLimitPerOwner: 1000 },
    clusterOf: (host) => (host === 'east.example' ? 'east' : 'test'),
    loadServiceEntry: async (name) =>
      name === '^SERVICE-ID#known' ? { name, data: { cmd: 'c', 'run-as-user': 'u' }, hash: 'E-1' } : null,
  });
});

afterAll(async () => {
  await registry.close();
  await redis.stop();
});

type Body = Record<string, Json>;
const nextName = (): string => `rules-token-${(serial += 1)}`;
const post = (body: Body, user = 'alice', query = ''): Test =>
  request(registry.app).post(`/token${query}`).set('x-user', user).send(body);
const get = (name: string, query = ''): Test =>
  request(registry.app)
    .get('/token')
    .query(`token=${encodeURIComponent(name)}${query}`);
const messageOf = ({ body }: Response): string =>
  (body as { 'waiter-error': { message: string } })['waiter-error'].message;
const refused = async (status: number, body: Body, user = 'alice', query = ''): Promise<string> =>
  messageOf(await post(body, user, query).expect(status));

describe('the body (spec 3.4)', () => {
  test.each(["i'm bad at json", '[1]', '"x"', 'null', '{', `${'['.repeat(100_000)}`])(
    'case 26: %.20s',
    async (text) => {
      const response = await request(registry.app)
        .post('/token')
        .set('content-type', 'application/json')
        .send(text)
        .expect(400);
      expect(messageOf(response)).toBe('Invalid JSON payload');
    },
  );

  test('a body without content type is JSON too; too large a one is refused', async () => {
    const token = nextName();
    await request(registry.app)
      .post('/token')
      .set('content-type', '')
      .send(JSON.stringify({ token, name: 'n' }))
      .expect(200);
    const huge = JSON.stringify({ token, name: 'x'.repeat(3_000_000) });
    await request(registry.app).post('/token').set('content-type', 'application/json').send(huge).expect(413);
  });

  test('case 29: names', async () => {
    const response = await post({ token: 'bad#token', cpus: 1 }).expect(400);
    expect(messageOf(response)).toBe('Token contains invalid character: "#"');
    expect(response.body).toMatchObject({
      'waiter-error': {
        details: { token: 'bad#token', 'invalid-char': '#', 'char-index': 3, 'char-codepoint': 'u0023' },
      },
    });
    for (const token of ['123badformat', 'a', '_ab', '^SERVICE-ID#x']) {
      expect(await refused(400, { token, cpus: 1 })).toMatch(
        /Token must match pattern|Token contains invalid character/,
      );
    }
  });

  test('case 39: other methods', async () => {
    const response = await request(registry.app).put('/token').set('accept', 'application/json').expect(405);
    expect(messageOf(response)).toBe('Invalid request method');
    await request(registry.app)
      .post('/tokens')
      .expect(405, /Only GET supported/);
    await request(registry.app)
      .get('/tokens/reindex')
      .expect(405, /Only POST supported/);
  });

  test('case 62: the token in query or body, not in both', async () => {
    const token = nextName();
    await post({ name: 'n' }, 'alice', `?token=${token}`).expect(200);
    const both = 'The token should be provided only as a query parameter or in the json payload';
    expect(await refused(400, { name: 'n', token }, 'alice', `?token=${token}`)).toBe(both);
    expect(await refused(400, { name: 'n', token: 'x' }, 'alice', `?token=${token}`)).toBe(both);
  });

  test('case 63: no token, a reserved one', async () => {
    expect(await refused(400, { name: 'n' })).toBe('Must provide the token');
    expect(await refused(400, { name: 'n', token: ' ' })).toBe('Must provide the token');
    expect(await refused(403, { name: 'n', token: 'waiter.example' })).toBe('Token name is reserved');
  });

  test('case 64: unknown keys', async () => {
    expect(await refused(400, { token: 'tt', name: 'n', foo: 1, bar: 2 })).toBe(
      'Unsupported key(s) in token: ["foo" "bar"]',
    );
  });

  test('case 65, cli-contract 3: wrong parameters', async () => {
    const generic = 'Service description using waiter headers/token improperly configured';
    expect(await refused(400, { token: 'tt', cmd: '' })).toBe(`${generic}\ncmd must be a non-empty string.`);
    expect(await refused(400, { token: 'tt', cpus: 0 })).toBe(`${generic}\ncpus must be a positive number.`);
  });

  const EMPTY = 'Individual params may not be empty.';
  const LETTERS =
    'Individual params must be made up of letters, numbers, and underscores and must start with a letter.';
  const RESERVED =
    'Individual params cannot start with MESOS_, MARATHON_, PORT, or WAITER_ and cannot be HOME, USER, LOGNAME.';
  test.each<[Json, readonly string[]]>([
    [1, ['Provided allowed-params is not a vector']],
    ['A', ['Provided allowed-params is not a vector']],
    [[''], [EMPTY]],
    [['_A'], [LETTERS]],
    [['1A'], [LETTERS]],
    [['A-B'], [LETTERS]],
    [['MESOS_A'], [RESERVED]],
    [['MARATHON_A'], [RESERVED]],
    [['PORT0'], [RESERVED]],
    [['WAITER_A'], [RESERVED]],
    [['HOME'], [RESERVED]],
    [['LOGNAME'], [RESERVED]],
    [['USER'], [RESERVED]],
    [
      ['VAR', '', '_A', 'USER'],
      [EMPTY, LETTERS, RESERVED],
    ],
  ])('case 55: allowed-params %j', async (allowed, lines) => {
    const message = await refused(400, { token: 'tt', 'allowed-params': allowed });
    for (const line of lines) expect(message).toContain(line);
  });

  test('case 28: every constraint', async () => {
    const { constraints } = registry.settings;
    expect(Object.keys(constraints).length).toBeGreaterThan(2);
    for (const [key, { max }] of Object.entries(constraints)) {
      const isText = key === 'cmd';
      const message = await refused(400, { token: 'tt', [key]: isText ? 'x'.repeat(max + 1) : max + 1 });
      expect(message).toContain('The following fields exceed their allowed limits');
      expect(message).toContain(
        isText
          ? `${key} must be at most ${max} characters`
          : `${key} is ${max + 1} but the max allowed is ${max}`,
      );
    }
  });

  test('case 27, case 28, case 30, case 34, case 66, request-path case 111: parameters', async () => {
    expect(await refused(400, { token: 'tt', env: { HOME: '/my/home' } })).toContain(
      'The following environment variable keys are reserved: HOME.',
    );
    const reserved = await post({ token: 'tt', env: { HOME: '/my/home' } });
    expect(reserved.text).not.toContain('clojure');
    expect(await refused(400, { token: 'tt', mem: 131073 })).toContain(
      'mem is 131073 but the max allowed is 131072',
    );
    const namespaced = { token: 'tt', namespace: 'not-run-as-user', 'run-as-user': 'alice' };
    expect(await refused(400, namespaced)).toContain(
      'Service namespace must either be omitted or match the run-as-user',
    );
    await post({ token: nextName(), namespace: 'alice', 'run-as-user': 'alice' }).expect(200);
    await post({ token: nextName(), namespace: '*', 'run-as-user': '*' }).expect(200);
    const checks = { token: 'tt', authentication: 'disabled', 'health-check-authentication': 'standard' };
    expect(await refused(400, checks)).toContain(
      'The health check authentication (standard) cannot be enabled',
    );
    expect(await refused(400, { token: 'tt', authentication: 'x' })).toBe(
      "authentication must be one of: 'disabled', 'standard'",
    );
    await refused(400, { token: 'tt', authentication: '' });
    await post({ token: nextName(), authentication: 'standard' }).expect(200);
    // One side from the profile: the token passes, requests through it will not.
    await post({ token: nextName(), profile: 'webapp', 'health-check-authentication': 'standard' }).expect(
      200,
    );
  });

  test('case 32, case 33: service-mapping', async () => {
    const message = await refused(400, { token: 'tt', 'service-mapping': 'on' });
    expect(message).toBe(
      'Validation failed for token:\nservice-mapping must be one of default, exclusive or legacy',
    );
    const env = { WAITER_CONFIG_TOKEN: 'x' };
    expect(await refused(400, { token: 'tt', env, 'service-mapping': 'exclusive' })).toBe(
      'Service environment cannot contain WAITER_CONFIG_TOKEN when service-mapping is exclusive.',
    );
    await post({ token: nextName(), env, 'service-mapping': 'legacy' }).expect(200);
  });

  const within = (key: string, max: number): string =>
    `${key} must be an integer between 0 and ${max} (inclusive)`;
  const MAINTENANCE = 'maintenance message must be a non-empty string with length at most 512';
  const CORS = 'cors-rules list has invalid items: ';
  test.each<[string, Body, string]>([
    ['case 70', { 'fallback-period-secs': 'bad' }, within('fallback-period-secs', 86400)],
    ['case 70', { 'fallback-period-secs': 86401 }, within('fallback-period-secs', 86400)],
    ['case 70', { 'https-redirect': 'yes' }, 'https-redirect must be a boolean value'],
    ['case 70', { maintenance: { message: 'x'.repeat(513) } }, MAINTENANCE],
    ['case 70', { maintenance: { message: '' } }, MAINTENANCE],
    ['case 70', { maintenance: { message: 1 } }, MAINTENANCE],
    ['case 70', { maintenance: {} }, MAINTENANCE],
    ['case 70', { maintenance: 'x' }, 'maintenance must be a map'],
    ['case 70', { maintenance: null }, 'maintenance must be a map'],
    ['case 70', { owner: 123 }, 'owner must be a non-empty string'],
    ['case 70', { owner: '' }, 'owner must be a non-empty string'],
    ['case 70', { 'stale-timeout-mins': 'x' }, within('stale-timeout-mins', 240)],
    ['case 70', { 'stale-timeout-mins': 300 }, within('stale-timeout-mins', 240)],
    ['case 70', { 'queue-timeout-ms': 3600001 }, within('queue-timeout-ms', 3600000)],
    ['case 70', { 'socket-timeout-ms': -1 }, within('socket-timeout-ms', 3600000)],
    ['case 70', { 'streaming-timeout-ms': 3600001 }, within('streaming-timeout-ms', 3600000)],
    ['case 70', { 'cors-rules': 'x' }, 'cors-rules must be a list'],
    ['case 36', { 'cors-rules': [{}] }, `${CORS}origin-regex must be a valid regular expression`],
    [
      'case 36',
      { 'cors-rules': [{ 'origin-regex': 'blah', methods: [] }] },
      `${CORS}methods must be a non-empty list of http methods (in upper-case)`,
    ],
    ['case 36', { 'cors-rules': { 'origin-regex': 'blah' } }, 'cors-rules must be a list'],
    [
      'case 70',
      { 'cors-rules': [{ 'origin-regex': '(', x: 1 }] },
      `${CORS}origin-regex must be a valid regular expression, x is not a valid key`,
    ],
    ['our own rule', { cpus: 1, deleted: 'yes' }, 'deleted must be a boolean value'],
    ['our own rule', { cpus: 1, cluster: 7 }, 'cluster must be a non-empty string'],
  ])('%s: %j', async (_case, data, line) => {
    const response = await post({ token: 'tt', ...data }).expect(400);
    expect(messageOf(response)).toBe(`Validation failed for token:\n${line}`);
    const details = (response.body as { 'waiter-error': { details: Body } })['waiter-error'].details;
    expect(details['failed-check']).toContain(Object.keys(data).at(-1));
  });

  test('case 35, case 67, case 68, case 69: what needs a whole description', async () => {
    const disabled = { token: 'tt', authentication: 'disabled' };
    const only = 'Tokens with authentication disabled must specify permitted-user as *, instead provided';
    expect(await refused(400, disabled)).toContain(only);
    expect(await refused(400, { ...disabled, 'permitted-user': 'bob' })).toBe(`${only} bob`);
    expect(await refused(400, { ...disabled, 'permitted-user': '*', cmd: 'c' })).toBe(
      'Tokens with authentication disabled must specify all required parameters',
    );
    expect(await refused(400, { token: 'tt', 'interstitial-secs': 10 })).toBe(
      'Tokens with missing required parameters cannot use interstitial support',
    );
    const token = nextName();
    await post({
      token,
      profile: 'webapp',
      'permitted-user': '*',
      authentication: 'disabled',
      'interstitial-secs': 10,
    }).expect(200);
    expect((await get(token)).body).toMatchObject({ profile: 'webapp' });
    expect((await get(token)).body).not.toHaveProperty('cmd');
    expect(await refused(400, { token: 'tt', profile: 'gone' })).toBe(
      'Unsupported profile: gone, supported profile(s) are webapp',
    );
  });
});

describe('who may do what (spec 4.1.2, 6.3)', () => {
  test('case 46: creating for somebody else', async () => {
    const token = nextName();
    expect(await refused(403, { token, name: 'n', owner: 'other' })).toBe(
      'Cannot create token as provided owner: other',
    );
    await post({ token, name: 'n', owner: 'team' }, 'lead').expect(200);
    expect((await get(token)).body).toMatchObject({ owner: 'team' });
  });

  test('case 47, case 71: owners, editors, others', async () => {
    const token = nextName();
    await post({ token, name: 'n' }).expect(200);
    expect(await refused(403, { token, name: 'm' }, 'bob')).toBe(
      'Cannot update token (owner=alice) as user: bob',
    );
    await post({ token, name: 'n', editor: 'te1', owner: 'alice' }).expect(200);
    expect(await refused(403, { token, name: 'm' }, 'te2')).toBe(
      'Cannot update token (editor=te1, owner=alice) as user: te2',
    );
    await post({ token, name: 'm', editor: 'te1', owner: 'alice' }, 'te1').expect(200);
    expect((await get(token, '&include=metadata')).body).toMatchObject({
      name: 'm',
      owner: 'alice',
      'last-update-user': 'te1',
    });
    const whole = { token, name: 'm', editor: 'te1', owner: 'alice' };
    expect(await refused(403, { ...whole, editor: 'te2' }, 'te1')).toBe(
      'Not allowed to edit parameter editor',
    );
    expect(await refused(403, { ...whole, owner: 'te1' }, 'te1')).toBe('Not allowed to edit parameter owner');
    expect(await refused(403, { ...whole, 'run-as-user': 'te1' }, 'te1')).toBe(
      'Not allowed to edit parameter run-as-user',
    );
    expect(
      await refused(403, { token: nextName(), name: 'n', owner: 'alice', editor: 'te1' }, 'te1'),
    ).toContain('Cannot create token');
  });

  test('case 48, case 49, case 50: owners change and stay; a change of owner or cluster is a change', async () => {
    const token = nextName();
    await post({ token, name: 'n' }, 'lead').expect(200);
    const moved = await post({ token, name: 'n', owner: 'team' }, 'lead').expect(200);
    expect(moved.headers['x-waiter-operation-result']).toBe('token-updated');
    const listed = async (owner: string): Promise<number> =>
      ((await request(registry.app).get(`/tokens?owner=${owner}&name=n`)).body as Body[]).filter(
        (t) => t['token'] === token,
      ).length;
    expect([await listed('lead'), await listed('team')]).toEqual([0, 1]);
    await post({ token, name: 'm' }, 'lead').expect(200);
    expect((await get(token)).body).toMatchObject({ owner: 'team' });
    const elsewhere = await post({ token, name: 'm' }, 'lead').set('host', 'east.example').expect(200);
    expect(elsewhere.headers['x-waiter-operation-result']).toBe('token-updated');
    expect((await get(token, '&include=metadata')).body).toMatchObject({ cluster: 'east', root: 'test' });
  });

  test('case 51, case 52, case 53: run-as-user', async () => {
    expect(await refused(403, { token: nextName(), 'run-as-user': 'bob' })).toBe(
      "Authenticated user 'alice' cannot run as user 'bob'",
    );
    await post({ token: nextName(), 'run-as-user': 'team' }, 'lead').expect(200);
    expect(await refused(403, { token: nextName(), 'run-as-user': 'lead', owner: 'team' }, 'lead')).toBe(
      "Owner 'team' cannot run as user 'lead'",
    );
    await post({ token: nextName(), cmd: 'c', 'run-as-user': '*' }).expect(200);
    await post({ token: nextName(), cmd: 'c' }).expect(200);
  });

  test('case 56: the root stays', async () => {
    const token = nextName();
    await post({ token, name: 'n', root: 'far', owner: 'alice' }, 'operator', '?update-mode=admin').expect(
      200,
    );
    await post({ token, name: 'm' }).expect(200);
    expect((await get(token, '&include=metadata')).body).toMatchObject({ root: 'far', name: 'm' });
  });

  test.each(['last-update-time', 'last-update-user', 'root', 'previous'])(
    'case 60: %s is not for users',
    async (key) => {
      const value = key === 'previous' ? {} : key === 'last-update-time' ? 1 : 'x';
      expect(await refused(400, { token: nextName(), name: 'n', [key]: value })).toBe(
        `Cannot modify ${key} token metadata`,
      );
    },
  );

  test('case 59: the limit, which admin mode does not know and deleted tokens do not count for', async () => {
    const small = await startRegistry({ url: redis.url, settings: { tokenLimitPerOwner: 2 } });
    const create = (query = '', token = nextName()): Test =>
      request(small.app).post(`/token${query}`).set('x-user', 'crowded').send({ token, name: 'n' });
    const first = nextName();
    await create('', first).expect(200);
    await create().expect(200);
    const response = await create().expect(403);
    expect(messageOf(response)).toContain('You have reached the limit of number of tokens allowed');
    expect(response.body).toMatchObject({
      'waiter-error': { details: { 'allowed-owned-tokens': 2, 'num-owned-tokens': 2 } },
    });
    await create('', first).expect(200);
    await request(small.app)
      .delete('/token')
      .set('x-user', 'crowded')
      .set('x-waiter-token', first)
      .expect(200);
    await create().expect(200);
    await create().expect(403);
    await create('?update-mode=admin').expect(200);
    await small.close();
  });

  test('a service entry can be read, never written or deleted (spec 7.2, 3)', async () => {
    expect((await get('^SERVICE-ID#known').expect(200)).body).toEqual({
      cmd: 'c',
      'run-as-user': 'u',
      owner: 'u',
    });
    await get('^SERVICE-ID#unknown').expect(404);
    await get('^TOKEN_OWNERS').expect(404);
  });
});
