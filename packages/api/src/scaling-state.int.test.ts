import { startRedis, type RedisServer } from '@waiter/testkit';
import { instanceOf, startApi, type ApiUnderTest } from './testing/api-under-test';

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
const state = async (name: string) => (await api.client().get(`/state/${name}`).expect(200)).body.state;
const AT = '2026-01-02T03:04:05.000Z';
const atMs = Date.parse(AT);

it('before a leader has said anything there is no data, and a service nobody knows has empty parts', async () => {
  expect(await state('launch-metrics')).toEqual({ message: 'No data available' });
  expect(await state('autoscaler')).toMatchObject({
    'continue-looping': false,
    'service-id->scale-state': {},
  });
  expect(await state('nothing')).toMatchObject({
    'autoscaler-state': {},
    'scheduler-services-gc-state': {},
    'scheduler-broken-services-gc-state': {},
  });
});

it('/state/autoscaler and a service tell what it is scaled by', async () => {
  const id = await api.service({ instances: [true, false] });
  await api.publish(id, [
    { ...instanceOf(id, 0, true), flags: ['expired'] },
    { ...instanceOf(id, 1, false), flags: ['expired'] },
    instanceOf(id, 2, true),
  ]);
  const carried = {
    targetInstances: 2.5,
    scaleAmount: 1,
    scaleToInstances: 4,
    evaluatedAtMs: atMs,
    label: 'scale-up',
  };
  await api.store.services.saveScaleState(id, 1, carried);
  await api.store.members.heartbeat('r1/1', true);
  const load = { inFlight: 2, queued: 3, oldestWaitMs: 0, total: 9, lastRequestAtMs: atMs };
  await api.store.load.report('r1/1', new Map([[id, load]]));
  const scale = {
    'target-instances': 2.5,
    'scale-to-instances': 4,
    'scale-amount': 1,
    'scaling-state': 'scale-up',
    'evaluated-at': AT,
  };
  const scheduler = { instances: 3, 'task-count': 3 };
  const router = {
    'healthy-instances': 2,
    'expired-healthy-instances': 1,
    'expired-unhealthy-instances': 1,
  };
  expect(await state('autoscaler')).toMatchObject({
    'global-state': { [id]: { outstanding: 5, 'last-request-time': AT, total: 9 } },
    'service-id->scale-state': { [id]: scale },
    'service-id->scheduler-state': { [id]: scheduler },
    'service-id->router-state': { [id]: router },
    'paused?': false,
  });
  expect((await state(id))['autoscaler-state']).toEqual({
    ...scale,
    ...scheduler,
    ...router,
    'outstanding-requests': 5,
  });
});

it('1.6: a service of which only load is known has its outstanding requests alone', async () => {
  await api.store.members.heartbeat('r1/2', true);
  const load = { inFlight: 0, queued: 2, oldestWaitMs: 0, total: 2, lastRequestAtMs: atMs };
  await api.store.load.report('r1/2', new Map([['fresh', load]]));
  expect((await state('fresh'))['autoscaler-state']).toEqual({ 'outstanding-requests': 2 });
});

it('scaling-and-schedulers case 40: an instance that ran out of memory makes a service unstable, healthy or not', async () => {
  const id = await api.service({ instances: [true] });
  const publish = (flags: readonly 'memory-limit-exceeded'[]) =>
    api.store.instances.publish(
      {
        serviceId: id,
        epoch: 1,
        requested: 1,
        scheduled: 1,
        instances: [{ ...instanceOf(id, 0, true), draining: false }],
        failed: [{ ...instanceOf(id, 1, false), flags }, instanceOf(id, 2, false)],
        killed: [],
        deploymentError: null,
      },
      { concurrencyLevel: 1, loadBalancing: 'oldest' },
    );
  await publish([]);
  expect((await state(id))['responder-state']['instability-issue']).toBeNull();
  await publish(['memory-limit-exceeded']);
  expect((await state(id))['responder-state']['instability-issue']).toBe('not-enough-memory');
});

it('scaling-and-schedulers case 89: named paths go before those with an id in their place', async () => {
  const id = await api.service();
  expect(await state('autoscaler')).toHaveProperty('service-id->scale-state');
  expect(await state(id)).toHaveProperty('autoscaler-state');
  await api.client().get('/apps/instances').expect(400);
  await api.client().get(`/apps/${id}`).expect(200);
});

it('/state/gc-services and /state/gc-broken-services tell deadlines', async () => {
  const idle = { deadlineMs: atMs, modifiedAtMs: atMs - 1000, state: { outstanding: 0 } };
  const broken = { deadlineMs: null, modifiedAtMs: atMs, state: { 'has-healthy-instances': false } };
  await api.store.collections.save('services', 1, new Map([['s', idle]]));
  await api.store.collections.save('broken', 1, new Map([['s', broken]]));
  const shown = { state: { outstanding: 0 }, 'last-modified-time': '2026-01-02T03:04:04.000Z', deadline: AT };
  expect(await state('gc-services')).toEqual({ s: shown });
  expect(await state('gc-broken-services')).toEqual({
    s: { state: { 'has-healthy-instances': false }, 'last-modified-time': AT, deadline: null },
  });
  expect((await state('s'))['scheduler-services-gc-state']).toEqual(shown);
});

it('what the leader says of itself is shown as it is, and a former leader says nothing any more', async () => {
  const states = {
    autoscaler: { 'iter-counter': 7, 'previous-cycle-start-time': AT },
    'launch-metrics': {
      'known-service-ids': ['s'],
      'previous-iteration': 7,
      'service-id->launch-tracker': {},
    },
    scheduler: { kind: 'marathon', 'service-id->kill-info': {} },
    'start-new-services-maintainer': {
      'last-update-time': AT,
      'service-id->last-request-time': {},
      'supported-include-params': [],
    },
  };
  await api.store.connection.redis.set(api.store.connection.keys.epoch(), '5');
  expect(await api.store.leaderState.save(4, states)).toBe(false);
  expect(await state('launch-metrics')).toEqual({ message: 'No data available' });
  expect(await api.store.leaderState.save(5, states)).toBe(true);
  expect(await state('launch-metrics')).toEqual(states['launch-metrics']);
  expect(await state('start-new-services-maintainer')).toEqual(states['start-new-services-maintainer']);
  expect(await state('autoscaler')).toMatchObject({ 'iter-counter': 7, 'continue-looping': true });
  expect(await state('scheduler')).toMatchObject({ type: 'MarathonScheduler', 'service-id->kill-info': {} });
});
