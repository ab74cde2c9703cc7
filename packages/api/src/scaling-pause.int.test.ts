import { Entitlement, SimpleEntitlementManager } from '@waiter/core';
import { startRedis, type RedisServer } from '@waiter/testkit';
import { startApi, USER, type ApiUnderTest } from './testing/api-under-test';

let redis: RedisServer;
let api: ApiUnderTest;
beforeAll(async () => {
  redis = await startRedis();
  api = await startApi(redis.url);
  // As the leader: heeds what it is told.
  api.queues.worker('scheduler', async (job) => job.name === 'pauses');
});
afterAll(async () => {
  await api?.stop();
  await redis?.stop();
});
const other = () => api.client({ entitlement: new Entitlement(new SimpleEntitlementManager('root')) });

it('the cluster is paused and resumed by administrators, and everybody sees it', async () => {
  const id = await api.service({ parameters: { 'run-as-user': 'somebody' } });
  await api.client().get('/scaling').expect(200, { 'paused?': false, 'paused-services': {} });
  await other().post('/scaling/pause').expect(403);
  const { body } = await api.client().post('/scaling/pause?reason=upgrade').expect(200);
  expect(body).toEqual({ paused: true, changed: true, 'in-force': true, success: true });
  const pause = { by: USER, reason: 'upgrade', time: expect.stringMatching(/Z$/) };
  expect((await other().get('/scaling')).body).toEqual({ 'paused?': true, pause, 'paused-services': {} });
  expect((await api.client().get(`/apps/${id}`)).body['scaling-paused']).toEqual(pause);
  await other().post('/scaling/resume').expect(403);
  expect((await api.client().post('/scaling/resume')).body).toMatchObject({ paused: false, changed: true });
  expect((await api.client().post('/scaling/resume')).body).toMatchObject({ paused: false, changed: false });
  expect((await api.client().get(`/apps/${id}`)).body['scaling-paused']).toBeUndefined();
});

it('a service is paused by whoever may manage it, and listed', async () => {
  const mine = await api.service();
  const theirs = await api.service({ parameters: { 'run-as-user': 'somebody' } });
  const { body } = await api.client().post(`/apps/${mine}/scaling/pause`).expect(200);
  expect(body).toMatchObject({ 'service-id': mine, paused: true, 'in-force': true });
  await other().post(`/apps/${theirs}/scaling/pause`).expect(403);
  await api.client().post('/apps/nothing/scaling/pause').expect(404);
  expect((await api.client().get('/scaling')).body['paused-services']).toEqual({
    [mine]: { by: USER, reason: '', time: expect.any(String) },
  });
  const shown = async (id: string): Promise<unknown> =>
    (await api.client().get(`/apps/${id}`).expect(200)).body['scaling-paused'];
  expect(await shown(mine)).toMatchObject({ by: USER });
  expect(await shown(theirs)).toBeUndefined();
  await api.client().post(`/apps/${mine}/scaling/resume`).expect(200);
  expect((await api.client().get('/scaling')).body['paused-services']).toEqual({});
});

it('only POST changes anything, and reasons have an end', async () => {
  await api.client().get('/scaling/pause').expect(405);
  await api
    .client()
    .post(`/scaling/pause?reason=${'x'.repeat(501)}`)
    .expect(400);
  await api.client().get('/scaling').expect(200, { 'paused?': false, 'paused-services': {} });
});
