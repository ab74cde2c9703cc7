import { Entitlement, SimpleEntitlementManager } from '@waiter/core';
import type { EntitlementManager } from '@waiter/core';
import { startRedis, waitFor } from '@waiter/testkit';
import type { RedisServer } from '@waiter/testkit';
import { instanceOf, startApi, USER } from './testing/api-under-test';
import type { ApiUnderTest } from './testing/api-under-test';

let redis: RedisServer;
let api: ApiUnderTest;
beforeAll(async () => {
  redis = await startRedis();
  api = await startApi(redis.url);
});
afterAll(async () => {
  await api?.stop();
  await redis?.stop();
});

/** A fleet member on which somebody else than the owner of everything asks. */
const stranger = () => ({ entitlement: new Entitlement(new SimpleEntitlementManager('root')) });
const everything: EntitlementManager = { isAuthorized: () => true };
const messageOf = (body: { 'waiter-error': { message: string } }): string => body['waiter-error'].message;

describe('/apps lists services (6.12)', () => {
  const ids: string[] = [];
  const versions = ['E-v1', 'E-v2', 'E-v3'];
  const tokens = ['token1', 'token1,token2', 'token2', '', 'token.com', 'x.com', '', '', '', 'ten', ''];
  const owner = (n: number): string =>
    n === 10 || n === 1 ? 'sam' : [4, 5, 6, 11].includes(n) ? 'another-user' : 'sam';

  beforeAll(async () => {
    for (let n = 1; n <= 11; n += 1) {
      const names = (tokens[n - 1] ?? '').split(',').filter((name) => name !== '');
      ids[n] = await api.service({
        parameters: {
          cpus: n,
          env: { E_ID: `id-${n}` },
          metadata: { 'm-id': `id-${n}` },
          'metric-group': `mg${n}`,
          'run-as-user': owner(n),
        },
        sources: names.map((token) => ({ token, version: versions[n % 3] ?? '' })),
        instances: n % 2 === 0 ? [true, false] : [],
      });
    }
  });

  /** Numbers of the services in the list. */
  async function found(query: string, parts = {}): Promise<number[]> {
    const { body } = await api.client(parts).get(`/apps${query}`).expect(200);
    return (body as { 'service-id': string }[])
      .map((entry) => ids.indexOf(entry['service-id']))
      .sort((a, b) => a - b);
  }

  it('case 201: those that the entitlement manager lets the caller manage', async () => {
    expect(await found('')).toEqual([1, 2, 3, 7, 8, 9, 10]);
    expect(await found('', { entitlement: new Entitlement(everything) })).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
    ]);
  });

  it('case 202, case 149: run-as-user asks for anybody, repeated for any of several', async () => {
    expect(await found('?run-as-user=another-user')).toEqual([4, 5, 6, 11]);
    expect(await found('?run-as-user=another-user&run-as-user=s.m')).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
    ]);
    expect(await found('?run-as-user=test-user')).toEqual([]);
    expect(await found('?run-as-user=*')).toHaveLength(11);
    expect(await found('?run-as-user=*&star-mode=none')).toEqual([]);
  });

  it('case 203: by parameters, dotted ones included', async () => {
    expect(await found('?cpus=1')).toEqual([1]);
    expect(await found('?cpus=1&cpus=2')).toEqual([1, 2]);
    expect(await found('?metric-group=mg3')).toEqual([3]);
    expect(await found('?env.E_ID=id-1&metadata.m-id=id-1')).toEqual([1]);
    expect(await found('?env.E_ID=id-1&metadata.m-id=id-2')).toEqual([]);
  });

  it('case 204, case 151: by tokens and their versions, which must each match some source', async () => {
    expect(await found('?token=token1')).toEqual([1, 2]);
    expect(await found('?run-as-user=*&token=.*o.*')).toEqual([1, 2, 3, 5, 6]);
    expect(await found('?run-as-user=*&token=t.*')).toEqual([1, 2, 3, 5, 10]);
    expect(await found('?run-as-user=*&token=.*com')).toEqual([5, 6]);
    expect(await found('?run-as-user=*&token=oken')).toEqual([]);
    expect(await found('?run-as-user=*&token-version=E-v2')).toEqual([1, 10]);
    expect(await found('?run-as-user=*&token-version=E-v.')).toEqual([1, 2, 3, 5, 6, 10]);
    expect(await found('?token=token1&token-version=E-v3')).toEqual([2]);
    expect(await found('?run-as-user=*&token=*')).toEqual([1, 2, 3, 5, 6, 10]);
  });

  it('case 205, case 147: counts of instances, and the healthy ones on request', async () => {
    const { body } = await api.client().get('/apps?include=healthy-instances').expect(200);
    for (const entry of body) {
      const n = ids.indexOf(entry['service-id']);
      const [healthy, unhealthy] = n % 2 === 0 ? [1, 1] : [0, 0];
      expect(entry['instance-counts']).toEqual({
        'healthy-instances': healthy,
        'unhealthy-instances': unhealthy,
      });
      expect(entry.instances['healthy-instances']).toHaveLength(healthy);
    }
  });

  it('case 148: unknown parameters are ignored', async () => {
    expect(await found('?force=false&no-such=1')).toEqual(await found(''));
  });

  it('case 206: an error while listing is rendered with its own status', async () => {
    const failing: EntitlementManager = {
      isAuthorized: () => {
        throw Object.assign(new Error('not now'), { status: 400, expose: true });
      },
    };
    const { text } = await api
      .client({ entitlement: new Entitlement(failing) })
      .get('/apps')
      .expect(400)
      .expect('content-type', 'text/plain');
    expect(text).toContain('not now');
  });

  it('names source tokens only where there are any, references always on request', async () => {
    const { body } = await api.client().get(`/apps?cpus=1&cpus=7&include=references`).expect(200);
    const byId = new Map(body.map((entry: { 'service-id': string }) => [entry['service-id'], entry]));
    expect(byId.get(ids[1] ?? '')).toMatchObject({
      'source-tokens': [[{ token: 'token1', version: 'E-v2' }]],
      references: [{ token: { sources: [{ token: 'token1', version: 'E-v2' }] } }],
    });
    expect(byId.get(ids[7] ?? '')).not.toHaveProperty('source-tokens');
    expect(byId.get(ids[7] ?? '')).toMatchObject({ references: [{}] });
  });
});

describe('/apps/<id>/override', () => {
  const override = async (id: string, body: object | string) =>
    api.client().post(`/apps/${id}/override`).set('content-type', 'application/json').send(body);
  /** The leader is not there: nobody takes the job. */
  let scaler: { close(): Promise<void> };
  const refreshed: string[] = [];
  beforeAll(() => {
    scaler = api.queues.worker<{ serviceId: string }>('scheduler', async ({ name, data }) => {
      if (name === 'refresh') refreshed.push(data.serviceId);
      return true;
    });
  });
  afterAll(() => scaler.close());

  it.each([
    [{ cmd: 'x', 'max-instances': 5 }, 'Cannot override the following parameter(s): cmd'],
    [{ mem: 1, cpus: 1, cmd: 'x' }, 'Cannot override the following parameter(s): cmd, cpus, mem'],
    [
      { 'max-instances': 5, 'min-instances': 10 },
      'min-instances (10) must be less than or equal to max-instances (5)',
    ],
    [{ 'scale-factor': 0 }, 'scale-factor must be a double in the range (0, 2]'],
  ])('case 155: %j is refused', async (overrides, message) => {
    const id = await api.service();
    const { status, body } = await override(id, overrides);
    expect([status, messageOf(body)]).toEqual([400, expect.stringContaining(message)]);
    expect((await api.client().get(`/apps/${id}/override`)).body).toEqual({ 'service-id': id });
  });

  it('case 156, case 192: overrides show in the effective description until they are cleared; core and id stay', async () => {
    const id = await api.service();
    const overrides = { 'scale-factor': 0.3 };
    expect((await override(id, overrides)).body).toEqual({ 'service-id': id, success: true });
    expect(refreshed).toContain(id);
    const { body } = await api.client().get(`/apps/${id}?include=effective-parameters`).expect(200);
    expect(body).toMatchObject({
      'effective-parameters': { 'scale-factor': 0.3 },
      'service-description-overrides': { overrides, 'last-updated-by': USER },
    });
    expect(body['service-description']).not.toHaveProperty('scale-factor');
    await api.client().delete(`/apps/${id}/override`).expect(200, { 'service-id': id, success: true });
    expect((await api.client().get(`/apps/${id}/override`)).body).toMatchObject({ overrides: {} });
    const after = await api.client().get(`/apps/${id}?effective-parameters=true`);
    expect(after.body).not.toHaveProperty('service-description-overrides');
    expect(after.body['effective-parameters']).not.toHaveProperty('scale-factor');
  });

  it('is for those who can manage the service, and for services that there are', async () => {
    const id = await api.service({ parameters: { 'run-as-user': 'another-user' } });
    const json = { accept: 'application/json' };
    const refusals = await Promise.all([
      api.client().post(`/apps/${id}/override`).set(json).send({}).expect(403),
      api.client().get(`/apps/${id}/override`).set(json).expect(403),
      api.client().get(`/apps/${id}/suspend`).set(json).expect(403),
    ]);
    expect(refusals.map(({ body }) => messageOf(body))).toEqual([
      `sam not allowed to override ${id}`,
      `sam not allowed view override information of ${id}`,
      `sam not allowed to modify ${id}`,
    ]);
    for (const action of ['override', 'suspend', 'resume', 'logs']) {
      await api.client().get(`/apps/nothing/${action}`).expect(404);
    }
    const mine = await api.service();
    expect((await override(mine, '[]')).status).toBe(400);
    expect((await override(mine, 'no json')).status).toBe(400);
    const { text } = await api.client().put(`/apps/${mine}/override`).expect(405);
    expect(text).toContain('Unsupported request method');
  });
});

describe('/apps/<id>/instance/<iid>/(kill|expire)', () => {
  it('case 158: refuses what it need not ask the scaler about', async () => {
    const id = await api.service();
    const path = `/apps/${id}/instance/${id}.0/kill`;
    await api.client().get(path).expect(405, { message: 'Method not allowed' });
    for (const timeout of ['abc', '0', '-5', '1.5']) {
      await api
        .client()
        .post(`${path}?timeout=${timeout}`)
        .expect(400, { message: `Invalid timeout specified: ${timeout}` });
    }
    const other = await api.service({ parameters: { 'run-as-user': 'another-user' } });
    for (const action of ['kill', 'expire']) {
      const { body } = await api
        .client()
        .post(`/apps/${other}/instance/${other}.0/${action}`)
        .set('accept', 'application/json')
        .send('""')
        .expect(403);
      expect(messageOf(body)).toBe(`User not allowed to ${action} instance`);
    }
    await api.client().post('/apps/nothing/instance/nothing.0/kill').expect(404);
  });
});

describe('/apps/<id>/await/<goal> (case 200)', () => {
  it('case 200: reports whether the goal was reached', async () => {
    const id = await api.service();
    const ask = (goal: string, query: string) => api.client().get(`/apps/${id}/await/${goal}${query}`);
    expect((await ask('healthy', '?timeout=0').expect(200)).body).toEqual({
      'goal-state': 'healthy',
      'goal-success?': true,
      'service-exists?': true,
      'service-healthy?': true,
      'service-id': id,
    });
    expect((await ask('deleted', '?timeout=50&sleep-duration=10')).body).toMatchObject({
      'goal-success?': false,
    });
    const waiting = ask('deleted', '?timeout=10000&sleep-duration=20').then(({ body }) => body);
    await api.store.services.retire(id);
    expect(await waiting).toMatchObject({ 'goal-success?': true, 'service-exists?': false });
    expect((await ask('exist', '?timeout=0')).body).toMatchObject({ 'goal-success?': false });
  });

  it('case 200: wants a timeout, integers and a goal that there is', async () => {
    const ask = (path: string) => api.client().get(`/apps/s/await/${path}`).set('accept', 'application/json');
    const texts = await Promise.all(
      ['deleted', 'deleted?timeout=x', 'deleted?timeout=1&sleep-duration=x', 'rich?timeout=1'].map(
        async (path) => messageOf((await ask(path).expect(400)).body),
      ),
    );
    expect(texts).toEqual([
      'timeout is a required query parameter',
      'timeout and sleep-duration must be integers',
      'timeout and sleep-duration must be integers',
      'goal must be one of: deleted, exist, healthy',
    ]);
    await api.client().post('/apps/s/await/deleted?timeout=1').expect(405);
  });
});

describe('/apps/instances', () => {
  it('scaling-and-schedulers case 92: wants watch=true and an integer timeout', async () => {
    for (const [query, message] of [
      ['', 'watch query parameter must be true, no other option is supported.'],
      ['?watch=false', 'watch query parameter must be true, no other option is supported.'],
      ['?watch=true&streaming-timeout=x', 'streaming-timeout query parameter must be an integer'],
    ] as const) {
      const { body } = await api
        .client()
        .get(`/apps/instances${query}`)
        .set('accept', 'application/json')
        .expect(400);
      expect(messageOf(body)).toBe(message);
    }
    await api.client().post('/apps/instances?watch=true').expect(405);
  });

  it('scaling-and-schedulers case 92: tells what is healthy, then what becomes so and what ceases to be, filtered, until it is idle', async () => {
    const id = await api.service({ parameters: { name: 'watched' }, instances: [true] });
    let text = '';
    const ended = api
      .client()
      .get(`/apps/instances?watch=true&name=watched&streaming-timeout=1000`)
      .buffer(true)
      .parse((response, done) => {
        response.on('data', (piece: Buffer) => (text += piece.toString('utf8')));
        response.on('end', () => done(null, text));
      })
      .then(({ headers }) => headers['content-type']);
    await waitFor('the first object', () => text.includes('"initial"'));
    await api.service({ parameters: { name: 'another' } });
    await api.publish(id, [instanceOf(id, 0, true), instanceOf(id, 1, true)]);
    await waitFor('an update', () => text.includes(`${id}.1`));
    await api.publish(id, [instanceOf(id, 0, false), instanceOf(id, 1, true)]);
    expect(await ended).toBe('application/json');
    const events = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(events).toMatchObject([
      { type: 'initial', object: { 'healthy-instances': { updated: [{ id: `${id}.0` }] } } },
      { type: 'events', object: { 'healthy-instances': { updated: [{ id: `${id}.1` }] } } },
      { type: 'events', object: { 'healthy-instances': { removed: [{ id: `${id}.0` }] } } },
    ]);
    expect(new Set(events.map((event) => event.id)).size).toBe(3);
    expect((await api.client().get('/state/instance-tracker')).body.state).toMatchObject({
      'watch-count': 0,
    });
  });

  it('begins with an empty object when nothing matches', async () => {
    const { text } = await api
      .client()
      .get('/apps/instances?watch=true&service-id=none&streaming-timeout=50');
    expect(JSON.parse(text)).toEqual({ id: expect.any(String), object: {}, type: 'initial' });
  });
});

describe('/apps/<id> as others see it', () => {
  it('case 157: log-url is for those who can manage the service', async () => {
    const id = await api.service();
    const path = `/apps/${id}`;
    const [mine] = (await api.client().get(path)).body.instances['active-instances'];
    expect(mine['log-url']).toBe(`http://localhost:9091/apps/${id}/logs?instance-id=${id}.0&host=127.0.0.1`);
    const other = await api.client().get(path).set('x-view-as-user', 'other').expect(200);
    expect(other.body.instances['active-instances'][0]).not.toHaveProperty('log-url');
    await api.client(stranger()).get(path).set('x-view-as-user', 'other').expect(401);
  });

  it('counts routers and sums what their workers report', async () => {
    const id = await api.service();
    for (const [worker, total] of [
      ['ra/1', 2],
      ['ra/2', 3],
      ['rb/1', 0],
    ] as const) {
      await api.store.members.heartbeat(worker, true);
      const load = { inFlight: 1, queued: 1, oldestWaitMs: 5, total, lastRequestAtMs: 1_700_000_000_000 };
      await api.store.load.report(worker, new Map([[id, load]]));
    }
    const { body } = await api.client().get(`/apps/${id}?include=metrics`).expect(200);
    expect(body).toMatchObject({
      'num-routers': 2,
      metrics: {
        aggregate: {
          'routers-sent-requests-to': 1,
          counters: { 'request-counts': { outstanding: 6, total: 5, 'waiting-for-available-instance': 3 } },
        },
        routers: { ra: { counters: { 'request-counts': { total: 5 } } }, rb: expect.any(Object) },
      },
    });
  });
});
