import { startRedis, type RedisServer } from '@waiter/testkit';
import { Simulations } from './simulate/simulations';
import { readComparison } from './simulate/requests';
import { startApi, type ApiUnderTest } from './testing/api-under-test';

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

const messageOf = (body: unknown): string =>
  (body as { 'waiter-error': { message: string } })['waiter-error'].message;
const TRACE_A = {
  config: { 'total-ticks': 40, 'startup-ticks': 5, 'idle-ticks': 1, 'scale-down-factor': 0.001 },
  'client-curve': { '2': 10 },
};

test('POST /sim answers with the states of reference trace A (2.6)', async () => {
  const { body } = await api.client().post('/sim').send(TRACE_A).expect(200).expect('content-type', /json/);
  const states = body as Record<string, unknown>[];
  expect(states).toHaveLength(41);
  expect(states[0]).not.toHaveProperty('total-clients');
  expect(states[40]).toMatchObject({
    'total-instances': 9,
    'idle-servers': 1,
    'outstanding-requests': 8,
    'scale-amount': 0,
    'total-clients': 10,
    'scale-ups': 8,
    'scale-downs': 0,
    'total-requests': 47,
    'total-queue-time': 114,
    'total-idle-server-time': 7,
  });
  expect(states[40]?.['target-instances']).toBeCloseTo(8.712158, 6);
});

test('POST /sim/requests compares policies, the same for the same seed', async () => {
  const ask = { pattern: 'step', rate: 5, length: '5m', policies: ['original', 'predictive'], seed: 4 };
  const first = await api.client().post('/sim/requests').send(ask).expect(200);
  const second = await api.client().post('/sim/requests').send(ask).expect(200);
  expect(second.text).toBe(first.text);
  const { results } = first.body as { results: { policy: string; requests: number; timeline: unknown[] }[] };
  expect(results.map(({ policy }) => policy)).toEqual(['original', 'predictive']);
  expect(results[0]?.requests).toBeGreaterThan(100);
  expect(results[0]?.timeline.length).toBeGreaterThan(100);
});

test('a trace in the request takes the place of a pattern', async () => {
  const trace = { step: '10s', counts: [3, 0, 4] };
  const { body } = await api
    .client()
    .post('/sim/requests')
    .send({ trace, policies: ['kpa'] })
    .expect(200);
  expect(body).toMatchObject({ results: [{ policy: 'kpa', requests: 7 }] });
});

test('?form=html answers with a part of a page: a table and plots, nothing that could run', async () => {
  const { text } = await api
    .client()
    .post('/sim/requests?form=html')
    .send({ length: '5m', rate: 2, policies: ['original', 'kpa'] })
    .expect(200)
    .expect('content-type', /html/)
    .expect('content-security-policy', /script-src 'self'/);
  expect(text.match(/<svg /g)).toHaveLength(3);
  expect(text).not.toMatch(/<script|onload|javascript:/i);
});

test('GET /sim is a page whose policy allows nothing inline and nothing from elsewhere', async () => {
  const { text, headers } = await api.client().get('/sim').expect(200);
  expect(headers['content-security-policy']).toContain("default-src 'none'");
  expect(text).not.toMatch(/<script>|<style|style=|onclick/);
  await api
    .client()
    .get('/sim/page.js')
    .expect(200)
    .expect('content-type', /javascript/);
  await api.client().get('/sim/page.css').expect(200).expect('content-type', /css/);
});

test.each([
  ['/sim', { 'client-curve': '(fn [t d] (System/exit 1))' }, /"client-curve" must be an object/],
  ['/sim', { 'client-curve': { '2': 'x' } }, /whole numbers/],
  ['/sim', { 'client-curve': { __proto__x: 1 } }, /whole numbers/],
  ['/sim', { config: { 'scale-up-factor': 2 } }, /"scale-up-factor" must be less than or equal to 1/],
  ['/sim', { config: { nonsense: 1 } }, /"nonsense" is not allowed/],
  ['/sim', { curve: {} }, /"curve" is not allowed/],
  ['/sim', { config: [] }, /"config" must be an object/],
  ['/sim/requests', { policies: ['best'] }, /policies/],
  ['/sim/requests', { policies: [] }, /policies/],
  ['/sim/requests', { length: '5' }, /not a duration/],
  ['/sim/requests', { length: '30d' }, /is not between/],
  ['/sim/requests', { rate: 10_000, length: '1h' }, /at most 200000 requests/],
  ['/sim/requests', { trace: { counts: [200_000, 1] } }, /at most 200000 requests/],
  ['/sim/requests', { trace: { counts: [-1] } }, /counts/],
  ['/sim/requests', { 'max-instances': 1e9 }, /max-instances/],
  ['/sim/requests', { 'service-distribution': 'pareto' }, /service-distribution/],
])('%s refuses %j and says why', async (path, body, why) => {
  const answer = await api.client().post(path).set('accept', 'application/json').send(body).expect(400);
  expect(messageOf(answer.body)).toMatch(why);
});

test('a run that takes too long is ended, and does not keep the process from answering', async () => {
  const simulations = new Simulations(300);
  // An hour of queueing on one instance under every policy; the limits let it in, the clock does not.
  const request = readComparison({
    rate: 50,
    length: '1h',
    pattern: 'constant',
    'service-time': '30s',
    'max-instances': 2_000,
  });
  let longestMs = 0;
  let lastAt = performance.now();
  const beat = setInterval(() => {
    longestMs = Math.max(longestMs, performance.now() - lastAt);
    lastAt = performance.now();
  }, 5);
  const startedAt = performance.now();
  await expect(simulations.run({ kind: 'comparison', form: 'json', request })).rejects.toMatchObject({
    status: 400,
    message: expect.stringMatching(/takes longer than 0.3 s/) as string,
  });
  clearInterval(beat);
  expect(performance.now() - startedAt).toBeLessThan(5_000);
  expect(longestMs).toBeLessThan(2_000);
});

test('more than a few that wait are sent away', async () => {
  const simulations = new Simulations();
  const request = readComparison({ length: '1m', policies: ['original'] });
  const all = Array.from({ length: 6 }, () => simulations.run({ kind: 'comparison', form: 'json', request }));
  const settled = await Promise.allSettled(all);
  expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(4);
  const refused = settled.find((one) => one.status === 'rejected');
  expect(refused?.reason).toMatchObject({ status: 503 });
});
