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

  it('/ejected/<service-id> is empty', async () => {
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

  it.each([
    [{ cluster: 'other', 'service-metrics': {} }],
    [{ cluster: CLUSTER }],
    [{ cluster: CLUSTER, 'service-metrics': { s: metrics(-1) } }],
    [{ cluster: CLUSTER, 'service-metrics': { s: { 's.1': {} } } }],
    [[]],
  ])('refuses %j', async (body) => {
    await api.client().post('/metrics/external').send(body).expect(400);
    await api.client().get('/metrics/external').expect(400);
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
