import { waitFor } from '@waiter/testkit';
import { Fleet } from './fleet';
import type { Answer, FleetClient } from './fleet-client';
import { kitchenService } from './kitchen-service';

const USER = process.env['USER'] ?? 'root';
const DEBUG = { 'x-waiter-debug': 'true', accept: 'application/json' };
type Headers = Readonly<Record<string, string>>;
type Map = Readonly<Record<string, unknown>>;

interface App {
  readonly 'service-description': Map & { readonly env?: Map };
  readonly 'effective-parameters': Map;
  readonly 'source-tokens'?: readonly (readonly { token: string; version: string }[])[];
  readonly 'current-for-tokens'?: readonly string[];
  readonly references: readonly Map[];
}

let fleet: Fleet;
let client: FleetClient;
beforeAll(async () => {
  fleet = await Fleet.start({
    routers: 2,
    env: {
      WAITER_DESCRIPTIONS_PROFILES: JSON.stringify({
        webapp: { defaults: { 'concurrency-level': 120, 'load-balancing': 'random', env: { P: 'profile' } } },
      }),
      WAITER_DESCRIPTIONS_METRIC_GROUP_MAPPINGS: JSON.stringify([['grouped.*', 'waiter_test']]),
    },
  });
  client = fleet.client();
}, 60_000);
afterAll(() => fleet?.stop(), 60_000);

const without = (map: Map, ...keys: string[]): Record<string, unknown> =>
  Object.fromEntries(Object.entries(map).filter(([key]) => !keys.includes(key)));
const idOf = ({ headers }: Answer): string => String(headers['x-waiter-service-id']);
const messageOf = ({ body }: Answer): string =>
  (JSON.parse(body) as { 'waiter-error': { message: string } })['waiter-error'].message;
/** A request that must be served. @returns the service's id */
const served = async (headers: Headers, path = '/hello'): Promise<string> => {
  const answer = await client.get(path, { ...DEBUG, ...headers });
  if (answer.status !== 200) throw new Error(`${answer.status} ${answer.body}`);
  return idOf(answer);
};
const environment = async (headers: Headers): Promise<Record<string, string>> =>
  JSON.parse((await client.get('/environment', headers)).body) as Record<string, string>;
/** The id by `/service-id`: nothing is started. */
const serviceId = async (headers: Headers): Promise<string> => {
  const answer = await client.get('/service-id', { ...headers, accept: 'application/json' });
  if (answer.status !== 200) throw new Error(`${answer.status} ${answer.body}`);
  return answer.body;
};
const app = (id: string): Promise<App> =>
  client.json<App>(`/apps/${id}?include=references&effective-parameters=true`);
const described = async (headers: Headers): Promise<App> => app(await serviceId(headers));
const etagOf = async (token: string): Promise<string> =>
  String((await client.get(`/token?token=${token}`)).headers['etag']);
/** What a request by these headers is refused with. */
const refused = async (headers: Headers): Promise<[number, string]> => {
  const answer = await client.get('/hello', { ...DEBUG, ...headers });
  return [answer.status, messageOf(answer)];
};

const LATEST = { 'x-waiter-fallback-period-secs': '0' };
let names = 0;
const nextName = (): string => `res-${String((names += 1)).padStart(3, '0')}`;
/** A description as headers. */
const asHeaders = (description: Map): Record<string, string> =>
  Object.fromEntries(Object.entries(description).map(([key, value]) => [`x-waiter-${key}`, String(value)]));

describe('from a request to its service', () => {
  it('cases 102, 103, 105: a token by header and by host; header values win; the requester takes the place of *', async () => {
    const t = `${nextName()}.example`;
    await client.register(t, kitchenService({ name: 'grouped-by-token', metadata: { a: 'b' } }));
    const id = await served({ 'x-waiter-token': t });
    expect(await app(id)).toMatchObject({
      'service-description': { name: 'grouped-by-token' },
      'effective-parameters': { 'metric-group': 'waiter_test' },
      'source-tokens': [[{ token: t, version: await etagOf(t) }]],
    });
    const mine = { ...kitchenService({ name: 'grouped-by-header' }), 'permitted-user': USER };
    const mixed = await app(await served({ host: t, ...asHeaders(mine) }));
    expect(mixed).toMatchObject({
      'service-description': { name: 'grouped-by-header', metadata: { a: 'b' }, 'permitted-user': USER },
      'effective-parameters': { 'metric-group': 'waiter_test' },
      'source-tokens': [[{ token: t }]],
    });

    const star = `${nextName()}.example`;
    await client.register(star, kitchenService({ name: star, 'run-as-user': '*' }));
    expect(await described({ 'x-waiter-token': star })).toMatchObject({
      'service-description': { 'run-as-user': USER, 'permitted-user': USER },
    });
  });

  it('case 104: without a header of its own the request runs as the requester, and lacks what nobody says', async () => {
    const t = `${nextName()}.example`;
    await client.register(t, { cpus: 0.1, mem: 64, 'run-as-user': '*', 'permitted-user': 'somebody' });
    const mine = kitchenService({ name: t });
    const all = { host: t, ...asHeaders({ ...mine, 'permitted-user': '*' }) };
    const complete = await serviceId(all);
    const unsaid = without(all, 'x-waiter-permitted-user') as Headers;
    expect(await serviceId(unsaid)).not.toBe(complete);
    expect((await described(unsaid))['service-description']['permitted-user']).toBe(USER);
    const runAs = await described(without(all, 'x-waiter-run-as-user') as Headers);
    expect(runAs['service-description']['run-as-user']).toBe(USER);
    expect(await refused(without(all, 'x-waiter-cmd') as Headers)).toEqual([
      400,
      expect.stringContaining('cmd must be a non-empty string.'),
    ]);
  });

  it('case 106: references of a service on the fly, and of the one reached by its id', async () => {
    const id = await served(asHeaders(kitchenService({ name: nextName() })));
    const first = await app(id);
    expect(first.references).toEqual([{}]);
    expect(first).not.toHaveProperty('source-tokens');
    const entry = `^SERVICE-ID#${id}`;
    expect(await served({ 'x-waiter-token': entry })).toBe(id);
    const version = expect.stringMatching(/^E-[0-9a-f]{32}$/);
    expect((await app(id)).references).toEqual([{}, { token: { sources: [{ token: entry, version }] } }]);
  });

  it.each(['missing_token', 'bad/token'])('case 107: Host: %s', async (host) => {
    expect(await refused({ host })).toEqual([400, 'Unable to identify service using waiter headers/token']);
    const [status, message] = await refused({ host, 'x-waiter-cmd': 'x' });
    expect(status).toBe(400);
    expect(message).toContain('Service description using waiter headers/token improperly configured');
  });

  it.each(['missing_token', 'bad#token', 'bad/token'])('case 108: x-waiter-token: %s', async (token) => {
    for (const headers of [{}, { host: 'missing_token' }]) {
      expect(await refused({ 'x-waiter-token': token, ...headers })).toEqual([
        404,
        `Token not found: ${token}`,
      ]);
    }
  });

  it('cases 109, 110, 111: the environment of a token, and what a request may set in it', async () => {
    const t = nextName();
    const env = { FLAG: '-p', FEE: 'fee', FOO: 'foo' };
    const { cmd } = kitchenService();
    await client.register(t, {
      ...kitchenService({ name: t, cmd: String(cmd).replace('-p $PORT0', '$FLAG $PORT0') }),
      env,
      'allowed-params': ['FAA', 'FEE', 'FII', 'FOO', 'FUU'],
    });
    const by = (more: Headers = {}): Headers => ({ 'x-waiter-token': t, ...more });
    expect((await app(await served(by())))['service-description'].env).toEqual(env);
    expect(await environment(by())).toMatchObject(env);

    const fee = { 'x-waiter-param-fee': 'value-1p' };
    const variants: Headers[] = [
      by(),
      by(fee),
      by({ ...fee, 'x-waiter-allowed-params': 'FEE,FOO' }),
      by({ ...fee, 'x-waiter-param-foo': 'value-2p' }),
      by({ ...fee, 'x-waiter-param-foo': 'value-2p', 'x-waiter-allowed-params': 'FEE,FOO' }),
    ];
    const ids = await Promise.all(variants.map(serviceId));
    expect(new Set(ids).size).toBe(5);
    expect((await described(by(fee)))['service-description'].env).toEqual({ ...env, FEE: 'value-1p' });

    const bare = nextName();
    await client.register(bare, kitchenService({ name: bare }));
    for (const headers of [
      by({ 'x-waiter-param-my_variable': 'v' }),
      by({ ...fee, 'x-waiter-allowed-params': '' }),
      { 'x-waiter-token': bare, ...fee },
    ]) {
      expect(await refused(headers)).toEqual([
        400,
        expect.stringContaining('Some params cannot be configured'),
      ]);
    }
  });

  it('cases 112, 113, 114: service mapping', async () => {
    const [a, b] = [nextName(), nextName()];
    for (const token of [a, b]) await client.register(token, kitchenService({ name: 'mapped' }));
    const shared = await serviceId({ 'x-waiter-token': a });
    expect(await serviceId({ 'x-waiter-token': b })).toBe(shared);
    expect((await app(shared))['service-description']).not.toHaveProperty('env');
    expect(await environment({ 'x-waiter-token': a })).not.toHaveProperty('WAITER_TOKEN');
    for (const token of [a, b]) {
      await client.register(token, kitchenService({ name: 'mapped', 'service-mapping': 'exclusive' }));
    }
    const [idA, idB] = await Promise.all([a, b].map((t) => serviceId({ 'x-waiter-token': t, ...LATEST })));
    expect(idA).not.toBe(idB);
    expect((await app(String(idB)))['service-description'].env).toEqual({ WAITER_CONFIG_TOKEN: b });
    const exclusive = await environment({ 'x-waiter-token': a, ...LATEST });
    expect(exclusive).toMatchObject({ WAITER_TOKEN: a });
    expect(exclusive).not.toHaveProperty('WAITER_CONFIG_TOKEN');

    const [t1, t2] = [nextName(), nextName()];
    const whole = kitchenService({ name: 'half' });
    await client.register(t1, {
      ...without(whole, 'cmd', 'cmd-type', 'version'),
      'service-mapping': 'legacy',
    });
    await client.register(t2, { ...without(whole, 'cpus', 'mem'), 'service-mapping': 'exclusive' });
    expect(await environment({ 'x-waiter-token': `${t1},${t2}` })).toMatchObject({
      WAITER_TOKEN: `${t1},${t2}`,
    });
    const ofLast = await described({ 'x-waiter-token': `${t1},${t2}` });
    expect(ofLast['service-description'].env).toEqual({ WAITER_CONFIG_TOKEN: `${t1},${t2}` });
    expect((await described({ 'x-waiter-token': `${t2},${t1}` }))['service-description']).not.toHaveProperty(
      'env',
    );
    expect(await environment({ 'x-waiter-token': `${t2},${t1}` })).not.toHaveProperty('WAITER_TOKEN');
  }, 60_000);

  it('cases 115, 116: current-for-tokens follows the versions of all tokens', async () => {
    const [t1, t2] = [nextName(), nextName()];
    const whole = kitchenService({ name: 'two' });
    await client.register(t1, without(whole, 'cpus'));
    await client.register(t2, without(whole, 'mem'));
    const both = { 'x-waiter-token': `${t1},${t2}`, ...LATEST };
    const first = await serviceId(both);
    const sources = async () => [
      { token: t1, version: await etagOf(t1) },
      { token: t2, version: await etagOf(t2) },
    ];
    expect(await app(first)).toMatchObject({
      references: [{ token: { sources: await sources() } }],
      'current-for-tokens': [t1, t2],
    });
    await client.register(t2, { ...without(whole, 'mem'), version: '2' });
    const second = await serviceId(both);
    expect(second).not.toBe(first);
    expect(await app(second)).toMatchObject({
      references: [{ token: { sources: await sources() } }],
      'current-for-tokens': [t1, t2],
    });
    expect(await app(first)).not.toHaveProperty('current-for-tokens');
  });

  it('case 120: timeouts are of the token, and no part of the service', async () => {
    const t = nextName();
    await client.register(t, kitchenService({ name: t }));
    const timeouts = async () => {
      const { headers } = await client.use(t, '/hello', DEBUG);
      return ['queue', 'socket', 'streaming'].map((kind) => headers[`x-waiter-${kind}-timeout-ms`]);
    };
    const id = await served({ 'x-waiter-token': t });
    expect(await timeouts()).toEqual(['300000', '900000', '20000']);
    await client.register(
      t,
      kitchenService({
        name: t,
        'queue-timeout-ms': 150_000,
        'socket-timeout-ms': 450_000,
        'streaming-timeout-ms': 9_000,
      }),
    );
    expect(await timeouts()).toEqual(['150000', '450000', '9000']);
    expect(await served({ 'x-waiter-token': t })).toBe(id);
  });
});

describe('versions', () => {
  const kitchen = (name: string, version: string, sleepMs: number, more: Map = {}): Record<string, unknown> =>
    kitchenService({
      name,
      version,
      cmd: `${String(kitchenService()['cmd'])} --start-up-sleep-ms ${sleepMs}`,
      ...more,
    });

  it('case 117, request-path case 94: while a new version starts the old one serves; after the window requests wait for the new one', async () => {
    const t = nextName();
    const by = { 'x-waiter-token': t };
    await client.register(t, kitchen(t, '1', 0));
    const id1 = await served(by);
    await client.register(t, kitchen(t, '2', 2_500));
    const id2 = await serviceId({ ...by, ...LATEST });
    expect(id2).not.toBe(id1);
    const other = fleet.client(1);
    const before = await other.use(t, '/hello', DEBUG);
    expect({ status: before.status, id: idOf(before) }).toEqual({ status: 200, id: id1 });
    expect(await served(by)).toBe(id1);
    expect(await serviceId(by)).toBe(id1);
    // Started in the background by the requests that were served by the old one.
    await waitFor('the new version', async () => (await served(by)) === id2, { timeoutMs: 20_000 });

    await client.register(t, kitchen(t, '3', 60_000, { 'fallback-period-secs': 10 }));
    const id3 = await serviceId({ ...by, ...LATEST });
    expect(await served(by)).toBe(id2);
    const { 'token-fallback': shown } = await client.json<Map>(`/apps/${id3}?include=token-fallback`);
    expect(shown).toEqual({ 'service-id': id2 });
    // Its start is in the background of the request above, and only what was started is listed.
    const fallbacks = await waitFor('the third version in the list', async () => {
      const rows = await client.json<Map[]>(`/apps?token=${t}&include=token-fallback`);
      const listed = rows.map((row) => [row['service-id'], row['token-fallback']]);
      return listed.some(([id]) => id === id3) ? listed : undefined;
    });
    expect(fallbacks).toContainEqual([id3, { 'service-id': id2 }]);
    expect(fallbacks).toContainEqual([id2, undefined]);
    expect((await app(id3))['current-for-tokens']).toEqual([t]);
    await waitFor('the end of the window', async () => (await serviceId(by)) === id3, { timeoutMs: 20_000 });
    const waited = await client.use(t, '/hello', { ...DEBUG, 'x-waiter-queue-timeout': '500' });
    expect({ status: waited.status, id: idOf(waited) }).toEqual({ status: 503, id: id3 });
    expect(await served({ ...by, 'x-waiter-fallback-period-secs': '60' })).toBe(id2);
  }, 60_000);

  it('cases 118, 119, request-path case 95: a version that makes no service is passed over, and mappings may change', async () => {
    const t = nextName();
    await client.register(t, kitchen(t, '1', 0, { 'service-mapping': 'exclusive' }));
    const id1 = await served({ 'x-waiter-token': t });
    await client.register(t, without(kitchen(t, '2', 0), 'cpus', 'mem', 'version'));
    const [status, message] = await refused({ 'x-waiter-token': t });
    expect([status, message]).toEqual([400, expect.stringContaining('improperly configured')]);
    await client.register(t, kitchen(t, '3', 2_000));
    expect(await served({ 'x-waiter-token': t })).toBe(id1);
    expect(await environment({ 'x-waiter-token': t })).toMatchObject({ WAITER_TOKEN: t });
    const seen = await environment({ 'x-waiter-token': t, ...LATEST });
    expect(seen).not.toHaveProperty('WAITER_TOKEN');
    expect(seen).toMatchObject({ WAITER_SERVICE_ID: await serviceId({ 'x-waiter-token': t, ...LATEST }) });
  }, 60_000);

  it('case 121: a service that no token leads to any more goes soon, the latest stays', async () => {
    const t = nextName();
    const quick = { 'fallback-period-secs': 0, 'stale-timeout-mins': 0 };
    await client.register(t, kitchen(t, '1', 0, quick));
    const id1 = await served({ 'x-waiter-token': t });
    await client.register(t, kitchen(t, '2', 0, quick));
    const id2 = await served({ 'x-waiter-token': t });
    expect(id2).not.toBe(id1);
    const listed = async (of: FleetClient): Promise<unknown[]> =>
      (await of.json<Map[]>(`/apps?token=${t}`)).map((row) => row['service-id']);
    await waitFor(
      'the first version to go from Marathon and every router',
      async () => {
        const seen = await Promise.all([fleet.apps(), ...fleet.clients.map(listed)]);
        return seen.every((ids) => !ids.includes(id1));
      },
      { timeoutMs: 20_000 },
    );
    expect(await fleet.apps()).toContain(id2);
    for (const one of fleet.clients) expect(await listed(one)).toEqual([id2]);
  }, 60_000);
});

describe('descriptions by headers alone', () => {
  const mine = (more: Headers = {}): Record<string, string> => ({
    ...asHeaders(without(kitchenService({ name: nextName() }), 'run-as-user')),
    ...more,
  });

  it('cases 130, 136, 137: env, metadata and the instance environment', async () => {
    const headers = mine({
      'x-waiter-name': 'Grouped On.The_Fly',
      'x-waiter-metadata-foo': 'bar',
      'x-waiter-metadata-beginDate': 'today',
      'x-waiter-metadata-timestamp': '20160713201333949',
      'x-waiter-env-begin_date': 'foo',
      'x-waiter-env-time': '201607132013',
      'x-waiter-metric-group': 'fly',
    });
    const id = await served(headers);
    expect(id).toContain('groupedonthefly-');
    expect(await app(id)).toMatchObject({
      'service-description': {
        metadata: { foo: 'bar', begindate: 'today', timestamp: '20160713201333949' },
        env: { BEGIN_DATE: 'foo', TIME: '201607132013' },
      },
      'effective-parameters': { 'metric-group': 'fly' },
    });
    const seen = await environment(headers);
    expect(seen).toMatchObject({
      BEGIN_DATE: 'foo',
      TIME: '201607132013',
      WAITER_CONCURRENCY_LEVEL: '1',
      WAITER_CPUS: '0.1',
      WAITER_MEM_MB: '64',
      WAITER_METRIC_GROUP: 'fly',
      WAITER_SERVICE_ID: id,
      WAITER_USERNAME: 'waiter',
    });
    for (const name of ['HOME', 'LOGNAME', 'USER', 'WAITER_CLUSTER']) expect(seen).toHaveProperty(name);
  });

  it('cases 131, 132, 133, 140: what is said makes the service', async () => {
    const base = mine();
    const plain = await serviceId(base);
    for (const [name, value] of [
      ['concurrency-level', 1],
      ['load-balancing', 'oldest'],
      ['permitted-user', USER],
      ['ports', 1],
    ] as const) {
      const stated = { ...base, [`x-waiter-${name}`]: String(value) };
      const { 'service-description': description } = await described(stated);
      expect(description[name]).toBe(value);
      if (name === 'load-balancing' || name === 'ports') expect(await serviceId(stated)).not.toBe(plain);
    }
    const profiled = await described({
      ...without(base, 'x-waiter-concurrency-level'),
      'x-waiter-profile': 'webapp',
      'x-waiter-env-q': 'mine',
      'x-waiter-health-check-interval-secs': '7',
    } as Headers);
    expect(profiled).toMatchObject({
      'service-description': { profile: 'webapp', env: { Q: 'mine' } },
      'effective-parameters': {
        'concurrency-level': 120,
        'load-balancing': 'random',
        env: { P: 'profile', Q: 'mine' },
        'liveness-check-interval-secs': 7,
      },
    });
    const many = {
      authentication: 'standard',
      'backend-proto': 'h2c',
      'health-check-proto': 'h2c',
      'health-check-port-index': 1,
      ports: 3,
      'distribution-scheme': 'simple',
      'concurrency-level': 10,
      'restart-backoff-factor': 2.5,
    };
    const { 'service-description': description } = await described({ ...mine(), ...asHeaders(many) });
    expect(description).toMatchObject({ ...many, 'permitted-user': USER, 'run-as-user': USER });
  });

  it.each<[string, Headers, string | RegExp]>([
    ['134', { 'x-waiter-cmd-type': 'fakecommand' }, 'Command type fakecommand is not supported'],
    ['135', { 'x-waiter-mem': '1000000000' }, 'mem is 1000000000 but the max allowed is 131072'],
    [
      '139',
      { 'x-waiter-idle-timeout-mins': '0' },
      'idle-timeout-mins on-the-fly header configured to a value of zero is not supported',
    ],
    ['139', { 'x-waiter-idle-timeout-mins': 'x' }, 'idle-timeout-mins must be an integer'],
    ['141', { 'x-waiter-maintenance': 'some value' }, 'Unsupported waiter headers found'],
  ])('case %s: %j is refused', async (_case, headers, expected) => {
    const [status, message] = await refused(mine(headers));
    expect({ status, message }).toEqual({
      status: 400,
      message: expect.stringContaining(expected as string),
    });
  });

  it('case 138: only the bad variables are named', async () => {
    const names = ['begin-date', '1_invalid', '123456', 'end-date', 'foo', 'fee_fie'];
    const [status, message] = await refused(
      mine(Object.fromEntries(names.map((name) => [`x-waiter-env-${name}`, 'v']))),
    );
    expect(status).toBe(400);
    expect(message).toContain('The following environment variable keys are invalid:');
    for (const name of ['BEGIN-DATE', '1_INVALID', '123456', 'END-DATE']) expect(message).toContain(name);
    expect(message.toLowerCase()).not.toMatch(/foo|fee_fie/);
  });

  it('cases 139, 145: a token may never idle out; grace periods', async () => {
    const t = nextName();
    await client.register(t, kitchenService({ name: t, 'idle-timeout-mins': 0 }));
    expect(await described({ 'x-waiter-token': t })).toMatchObject({
      'service-description': { 'idle-timeout-mins': 0 },
    });
    const graceOf = async (headers: Headers): Promise<unknown> =>
      (await described(headers))['effective-parameters']['grace-period-secs'];
    expect(await graceOf(mine())).toBe(30);
    expect(await graceOf(mine({ 'x-waiter-grace-period-secs': '77' }))).toBe(77);
    const none = mine({ 'x-waiter-grace-period-secs': '0' });
    expect(await graceOf(none)).toBe(0);
    await served(none);
  });

  it('case 144: a service that nobody uses is collected after its idle timeout', async () => {
    const id = await served(mine({ 'x-waiter-idle-timeout-mins': '0.03' }));
    await waitFor('it to be collected', async () => !(await fleet.apps()).includes(id), {
      timeoutMs: 20_000,
    });
  }, 30_000);
});

describe('what a token demands of its requests', () => {
  interface Ping {
    readonly 'ping-response': { readonly result: string; readonly status: number; readonly body: string };
    readonly 'service-state': Map;
  }
  const INACTIVE = { 'exists?': false, 'healthy?': false, status: 'Inactive' };
  const ping = async (host: string, method: string): Promise<[Answer, Ping]> => {
    const answer = await client.ask('/waiter-ping', {
      method,
      headers: { host, accept: 'application/json' },
    });
    return [answer, JSON.parse(answer.body) as Ping];
  };

  it('cases 122, 123, 124: https-redirect, of the token only', async () => {
    const t = `${nextName()}.example`;
    const description = kitchenService({ name: t });
    await client.register(t, { ...description, 'https-redirect': true });
    for (const [method, status] of [
      ['GET', 301],
      ['POST', 307],
    ] as const) {
      const proxied = await client.ask('/request-info', { method, headers: { host: `${t}:9091` } });
      expect({ status: proxied.status, location: proxied.headers['location'] }).toEqual({
        status,
        location: `https://${t}/request-info`,
      });
      const [answer, body] = await ping(t, method);
      expect({ status: answer.status, location: answer.headers['location'] }).toEqual({
        status,
        location: `https://${t}/waiter-ping`,
      });
      expect(body).toMatchObject({
        'ping-response': { result: 'waiter-response', status: 301 },
        'service-state': INACTIVE,
      });
    }

    await client.register(t, { ...without(description, 'cpus'), 'https-redirect': true });
    const [answer, body] = await ping(t, 'GET');
    expect(answer.status).toBe(200);
    expect(body['ping-response']).toMatchObject({ result: 'descriptor-error', status: 400 });
    expect(body['ping-response'].body).toContain('improperly configured');

    const plain = `${nextName()}.example`;
    await client.register(plain, kitchenService({ name: plain }));
    expect(await served({ host: plain, 'x-waiter-https-redirect': 'true' })).toContain('res');
  });

  it('case 125: maintenance answers everything, before all else', async () => {
    const t = `${nextName()}.example`;
    const message = 'custom && message ><';
    await client.register(t, {
      ...kitchenService({ name: t, 'run-as-user': '*', 'https-redirect': true }),
      maintenance: { message },
    });
    const json = await client.get('/hello', { host: t, accept: 'application/json' });
    expect([json.status, messageOf(json)]).toEqual([503, message]);
    expect(JSON.parse(json.body)).toMatchObject({
      'waiter-error': { details: { 'error-class': 'waiter.Maintenance' } },
    });
    const html = await client.get('/hello', { host: t, accept: 'text/html' });
    expect(html.status).toBe(503);
    expect(html.body).toContain('custom &amp;&amp; message &gt;&lt;');
    const id = await client.get('/service-id', { host: t });
    expect([id.status, id.body.includes(message)]).toEqual([503, true]);
    const [outer, body] = await ping(t, 'GET');
    expect(outer.status).toBe(200);
    expect(body).toMatchObject({
      'ping-response': { result: 'waiter-response', status: 503 },
      'service-state': INACTIVE,
    });
    expect(JSON.parse(body['ping-response'].body)).toMatchObject({
      'waiter-error': { details: { 'error-class': 'waiter.Maintenance' } },
    });
  });

  it('case 126: a token without authentication, and what may not be combined with it', async () => {
    const t = `${nextName()}.example`;
    const principals = ['x-waiter-auth-principal', 'x-waiter-authenticated-principal'];
    await client.register(t, kitchenService({ name: t, authentication: 'disabled', 'permitted-user': '*' }));
    const headersOf = async (headers: Headers): Promise<string[]> => {
      const { body } = await client.get('/request-info', headers);
      return Object.keys((JSON.parse(body) as { headers: Map }).headers);
    };
    const open = await headersOf({ host: t });
    expect(open).toContain('x-cid');
    expect(open).not.toEqual(expect.arrayContaining([principals[0]]));
    expect(open).not.toEqual(expect.arrayContaining([principals[1]]));
    const plain = `${nextName()}.example`;
    await client.register(plain, kitchenService({ name: plain }));
    expect(await headersOf({ host: plain })).toEqual(expect.arrayContaining(principals));

    for (const [more, error] of [
      [
        { 'x-waiter-run-as-user': USER },
        'An authentication disabled token may not be combined with on-the-fly headers',
      ],
      [
        { 'x-waiter-authentication': 'disabled' },
        'An authentication parameter is not supported for on-the-fly headers',
      ],
    ] as const) {
      const { status, body } = await client.get('/hello', { host: t, ...more });
      expect({ status, body: JSON.parse(body) as unknown }).toEqual({ status: 400, body: { error } });
    }
    const env = await client.get('/hello', { host: t, ...DEBUG, 'x-waiter-env-a': 'b' });
    expect([env.status, messageOf(env)]).toEqual([403, 'Authenticated user cannot run service']);
  });
});
