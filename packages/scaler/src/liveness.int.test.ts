import { sleep, waitFor } from '@waiter/testkit';
import { SERVE, startCluster, type FakeWorker, type TestCluster } from './testing/cluster.int.test';

let cluster: TestCluster;
let worker: FakeWorker;
beforeEach(async () => {
  cluster = await startCluster({}, { authenticatedChecks: 'waiter', http2Checks: 'waiter' });
  const scaler = await cluster.scaler();
  await waitFor('a leader', () => scaler.leading);
  worker = await cluster.worker('r1/1');
});
afterEach(() => cluster.stop());

/** Healthy for ever; alive for a while, in which it becomes ready. */
const dying = (aliveMs: number): string =>
  SERVE.replace(
    "r.end('ok')",
    `r.writeHead(q.url === '/live' && process.uptime() * 1000 > ${aliveMs} ? 500 : 200).end()`,
  );
const LIVENESS = {
  'liveness-check-url': '/live',
  'liveness-check-interval-secs': 0.2,
  'liveness-check-max-consecutive-failures': 3,
};

test('an instance that fails its liveness checks is a failed one, and another takes its place', async () => {
  const id = await cluster.service('dying', dying(2_000), LIVENESS);
  await worker.ask(id);
  const before = await cluster.open(id, 1);
  const first = before.instances[0]?.id ?? '';
  const after = await waitFor(
    'another instance',
    async () => {
      const snapshot = await cluster.snapshot(id);
      const open = snapshot?.instances.filter((each) => each.healthy && !each.draining) ?? [];
      return open.length === 1 && open[0]?.id !== first && snapshot;
    },
    { timeoutMs: 20_000 },
  );
  expect(after.failed).toMatchObject([
    { id: first, message: '3 liveness checks failed, the last with status 500' },
  ]);
  expect(after.killed).toEqual([]);
  const records = await cluster.store.decisions.read(id, 100);
  const told = records.map(({ decision }) => decision as { kind: string; outcome: string });
  expect(told.filter(({ kind }) => kind === 'failed')).toMatchObject([
    { outcome: expect.stringContaining('3 liveness checks failed') },
  ]);
});

test('one that lives is left alone, and so is one whose liveness is its health', async () => {
  const alive = await cluster.service('alive', dying(60_000), LIVENESS);
  // The same check as for health: that is the scheduler's.
  const plain = await cluster.service('plain', dying(0), { 'health-check-url': '/' });
  for (const id of [alive, plain]) await worker.ask(id);
  const before = await Promise.all([cluster.open(alive, 1), cluster.open(plain, 1)]);
  await sleep(1_500);
  const after = await Promise.all([cluster.open(alive, 1), cluster.open(plain, 1)]);
  expect(after.map(({ instances }) => instances[0]?.id)).toEqual(
    before.map(({ instances }) => instances[0]?.id),
  );
});

describe('a service whose health only we can check, since the check carries credentials', () => {
  const OURS = {
    'health-check-authentication': 'standard',
    'health-check-interval-secs': 0.2,
    'health-check-max-consecutive-failures': 2,
    'grace-period-secs': 1,
  };
  const failures = async (id: string): Promise<(string | null)[]> =>
    ((await cluster.snapshot(id))?.failed ?? []).map(({ message }) => message);

  test('is given up when it never answers, and said to be so', async () => {
    const id = await cluster.service('mute', 'exec sleep 600', OURS);
    void worker.ask(id);
    await waitFor('two that were given up', async () => (await failures(id)).length >= 2, {
      timeoutMs: 30_000,
    });
    expect(new Set(await failures(id))).toEqual(new Set(['2 health checks failed, the last with no answer']));
    const error = await waitFor('the error', async () => (await cluster.snapshot(id))?.deploymentError);
    expect(error).toMatchObject({ key: 'cannot-connect' });
  });

  test('is replaced when it fails later, and left alone while it passes', async () => {
    const named = (aliveMs: number): string =>
      SERVE.replace(
        "r.end('ok')",
        `r.writeHead(!q.headers.authorization ? 401 : process.uptime() * 1000 > ${aliveMs} ? 500 : 200).end()`,
      );
    const at = { ...OURS, 'health-check-url': '/' };
    const sick = await cluster.service('sick', named(2_000), at);
    const well = await cluster.service('well', named(600_000), {
      ...at,
      'health-check-max-consecutive-failures': 30,
    });
    for (const id of [sick, well]) await worker.ask(id);
    const before = await cluster.open(well, 1);
    await waitFor('it to be given up', async () => (await failures(sick)).length > 0, { timeoutMs: 30_000 });
    const { failed } = (await cluster.snapshot(sick)) ?? { failed: [] };
    expect(failed[0]?.message).toMatch(/^2 health checks failed, the last with /);
    const after = await cluster.open(well, 1);
    expect(after.instances[0]?.id).toBe(before.instances[0]?.id);
    expect(await failures(well)).toEqual([]);
  });
});

test('a service that speaks nothing but HTTP/2 serves, and nobody ends it for not answering HTTP/1.1', async () => {
  const http2 = SERVE.replace("require('http').createServer(", "require('http2').createServer(");
  const id = await cluster.service('modern', http2, {
    'backend-proto': 'h2c',
    'health-check-proto': 'h2c',
    'health-check-interval-secs': 0.2,
    'health-check-max-consecutive-failures': 10,
    'grace-period-secs': 1,
  });
  await worker.ask(id);
  const before = await cluster.open(id, 1);
  const app = (await (await fetch(`${cluster.marathonUrl}/v2/apps/${id}`)).json()) as { app: object };
  expect(app).toMatchObject({ app: { healthChecks: [], tasksRunning: 1 } });
  // Longer than its grace period and ten checks.
  await sleep(4_000);
  const after = await cluster.open(id, 1);
  expect(after.instances[0]?.id).toBe(before.instances[0]?.id);
  expect(after.failed).toEqual([]);
});

test('case 30: an instance that the scheduler calls healthy is not probed any more', async () => {
  // Counts our probes, which have a name of their own, and tells how many there were.
  const counting = SERVE.replace("require('http')", "let n = 0; require('http')").replace(
    "r.end('ok')",
    "{ n += q.headers['user-agent'] === 'waiter-scaler' ? 1 : 0; r.end(String(n)); }",
  );
  const id = await cluster.service('counting', counting, { 'health-check-interval-secs': 1 });
  await worker.ask(id);
  const { instances } = await cluster.open(id, 1);
  const probes = async (): Promise<number> =>
    Number(await (await fetch(`http://127.0.0.1:${instances[0]?.port}/`)).text());
  expect(await probes()).toBeGreaterThan(0);
  let before = -1;
  await waitFor(
    'probes to end',
    async () => {
      const now = await probes();
      const still = now === before;
      before = now;
      if (!still) await sleep(2_500);
      return still;
    },
    { timeoutMs: 20_000 },
  );
  // Two and a half intervals without one; and so it stays.
  await sleep(2_500);
  expect(await probes()).toBe(before);
});
