import { Entitlement, SimpleEntitlementManager } from '@waiter/core';
import { startRedis } from '@waiter/testkit';
import type { RedisServer } from '@waiter/testkit';
import { peerPassword } from './authenticate/require-peer';
import { CLUSTER, instanceOf, PASSWORD, startApi } from './testing/api-under-test';
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

describe('/drain (case 200)', () => {
  it('case 200: makes /status say so until the time is over; a later order takes its place', async () => {
    let nowMs = 1_700_000_000_000;
    const clock = { now: () => nowMs, monotonic: () => nowMs };
    let quits = 0;
    const router = api.client({ clock, quit: () => (quits += 1) });
    await router.get('/drain').expect(200, { 'drain-mode?': false, result: {} });
    await router.get('/status').expect(200);
    const until = { 'drain-until': '2023-11-14T22:13:50.000Z', 'crash-process?': false };
    await router.post('/drain?drain-timeout-secs=30').expect(200, { result: until });
    await router.get('/drain').expect(200, { 'drain-mode?': true, result: until });
    await router.get('/status').expect(503, { message: 'Router is in drain mode.' });
    nowMs += 30_000;
    await router.get('/drain').expect(200, { 'drain-mode?': false, result: until });
    await router.get('/status').expect(200);
    const { body } = await router.post('/drain').expect(200);
    expect(body.result['drain-until']).toBe('2023-11-14T22:15:50.000Z');
    // Taken back before it happens.
    await router.post('/drain?drain-timeout-secs=86400&crash=true').expect(200);
    await router.post('/drain?drain-timeout-secs=0&crash=false').expect(200);
    expect(quits).toBe(0);
    await router.post('/drain?drain-timeout-secs=0&crash=true').expect(200);
    await new Promise((resolve) => setImmediate(() => setTimeout(resolve, 10)));
    expect(quits).toBe(1);
  });

  it('case 200: is ordered by administrators, in whole seconds', async () => {
    await api.client().put('/drain').expect(405);
    for (const seconds of ['x', '-1', '1.5', '100000']) {
      await api.client().post(`/drain?drain-timeout-secs=${seconds}`).expect(400);
    }
    const other = api.client({ entitlement: new Entitlement(new SimpleEntitlementManager('root')) });
    const { text } = await other.post('/drain').expect(403);
    expect(text).toContain('Must be an admin to use this endpoint.');
    await other.get('/drain').expect(200);
  });
});

describe('endpoints for routers', () => {
  it('take a router by its password; who states to be one and is none gets 401; users may wait, no more', async () => {
    const id = await api.service();
    const basic = (user: string, password: string): string =>
      `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
    const path = `/apps/${id}/await/healthy?timeout=0`;
    const good = basic('r2', peerPassword('r2', 'r1', PASSWORD));
    await api.client().get(path).set('authorization', good).expect(200);
    await api.client().get(path).expect(200);
    await api.client().get(`/apps/${id}/refresh`).set('authorization', good).expect(200);
    await api.client().get('/apps/nothing/refresh').set('authorization', good).expect(404);
    await api.client().get(`/apps/${id}/refresh`).expect(401);
    for (const bad of [
      basic('r2', PASSWORD),
      basic('r3', peerPassword('r2', 'r1', PASSWORD)),
      basic('r2', peerPassword('r2', 'r9', PASSWORD)),
      basic('r2', ''),
    ]) {
      const { text, headers } = await api.client().get(path).set('authorization', bad).expect(401);
      expect(text).toContain('access denied');
      expect(headers['www-authenticate']).toBe('Basic realm="restricted area"');
    }
  });

  it.each([
    ['/eject', 'Workers avoid'],
    ['/work-stealing', 'lease slots'],
    ['/waiter-kill-instance/some-service', 'Use POST /apps/'],
    ['/reference/notify', 'through Redis'],
  ])('%s is gone and says what took its place', async (path, words) => {
    const { body } = await api.client().post(path).set('accept', 'application/json').expect(410);
    expect(body['waiter-error'].message).toContain(words);
  });

  it('/ejected/<service-id> of an unknown service is empty', async () => {
    await api.client().get('/ejected/s').expect(200, { 'ejected-instances': [] });
  });
});

describe('/metrics/external', () => {
  const metrics = (active: unknown) => ({
    's.1': {
      'updated-at': '2024-01-01T00:00:00.000Z',
      metrics: { 'last-request-time': '2024-01-01T00:00:00.000Z', 'active-request-count': active },
    },
  });

  it('takes what is well-formed and says that it is not used', async () => {
    const body = { cluster: CLUSTER, 'service-metrics': { s: metrics(3) } };
    await api.client().post('/metrics/external').send(body).expect(200, { 'no-op': true });
  });

  const good = { 'last-request-time': '2024-01-01T00:00:00.000Z', 'active-request-count': 3 };
  const reported = (updatedAt: unknown, more: object = {}) => ({
    s: { i: { 'updated-at': updatedAt, metrics: { ...good, ...more } } },
  });
  const NOW = '2024-01-01T00:00:00.000Z';
  const time = (path: string) => `Invalid '${path}' field. Must be ISO-8601 time.`;
  const count = "Invalid 's.i.metrics.active-request-count' field. Must be non-negative integer.";
  it.each<[unknown, string, string?]>([
    [{}, 'Metrics are for a different cluster.', 'other'],
    [undefined, "Invalid 'service-metrics' field. Must be a map."],
    [{ s: [] }, "Invalid 's' field. Must be a map."],
    [{ s: { i: 1 } }, "Invalid 's.i' field. Must be a map."],
    [{ s: { i: {} } }, time('s.i.updated-at')],
    [{ s: { i: { 'updated-at': NOW } } }, "Invalid 's.i.metrics' field. Must be a map."],
    [reported('2024-01-01T00:00:00Z'), time('s.i.updated-at')],
    [reported('2024-01-01T00:00:00.000'), time('s.i.updated-at')],
    [reported('2024-13-01T00:00:00.000Z'), time('s.i.updated-at')],
    [reported(1_704_067_200_000), time('s.i.updated-at')],
    [reported(NOW, { 'last-request-time': 'today' }), time('s.i.metrics.last-request-time')],
    [reported(NOW, { 'last-request-time': undefined }), time('s.i.metrics.last-request-time')],
    [reported(NOW, { 'active-request-count': -1 }), count],
    [reported(NOW, { 'active-request-count': 1.5 }), count],
    [reported(NOW, { 'active-request-count': '3' }), count],
  ])('request-path case 137: %j is refused: %s', async (services, message, cluster = CLUSTER) => {
    const body = { cluster, 'service-metrics': services };
    const accept = { accept: 'application/json' };
    const reply = await api.client().post('/metrics/external').set(accept).send(body).expect(400);
    expect(reply.body['waiter-error'].message).toBe(message);
  });

  it('request-path case 137: refuses what is no POST, and bodies that are no map', async () => {
    await api.client().post('/metrics/external').send([]).expect(400);
    for (const method of ['get', 'put', 'delete'] as const) {
      const { text } = await api.client()[method]('/metrics/external').expect(400);
      expect(text).toContain('Invalid request method. Only POST is supported.');
    }
  });
});

describe('/state components', () => {
  it('each that is named answers, with the router that was asked', async () => {
    const { body } = await api.client().get('/state').expect(200);
    expect(Object.keys(body.details)).toEqual(
      expect.arrayContaining(['autoscaler', 'instance-tracker', 'kv-store', 'scheduler', 'work-stealing']),
    );
    for (const name of Object.keys(body.details)) {
      const { body: component } = await api.client().get(`/state/${name}`).expect(200);
      expect(component).toMatchObject({ 'router-id': 'r1', state: expect.anything() });
    }
    expect((await api.client().get('/state/custom-components/x')).body.state).toEqual({
      'component-name': 'x',
      message: 'State unavailable',
    });
  });

  it('those of the default implementations are as they were', async () => {
    const state = async (path: string) => (await api.client().get(`/state/${path}`)).body.state;
    expect(await state('token-validator')).toEqual({
      'supported-include-params': [],
      type: 'DefaultTokenValidator',
    });
    expect(await state('entitlement-manager')).toEqual({ name: 'SimpleEntitlementManager' });
    expect(await state('jwt-auth-server')).toBe('disabled');
  });

  it('the instance tracker shows instances on request', async () => {
    const id = await api.service({ instances: [true, false] });
    const { body } = await api.client().get('/state/instance-tracker?include=id->healthy-instance');
    expect(body.state['id->healthy-instance']).toMatchObject({ [`${id}.0`]: { 'healthy?': true } });
    expect(body.state['id->healthy-instance']).not.toHaveProperty(`${id}.1`);
    expect((await api.client().get('/state/instance-tracker')).body.state).not.toHaveProperty(
      'id->healthy-instance',
    );
    await api.publish(id, [{ ...instanceOf(id, 0, true), flags: ['expired'] }]);
    const maintainer = await api.client().get('/state/maintainer');
    expect(maintainer.body.state['service-id->expired-instances'][id]).toMatchObject([{ id: `${id}.0` }]);
  });
});
