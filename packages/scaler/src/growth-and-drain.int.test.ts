import { sleep, waitFor } from '@waiter/testkit';
import { SERVE, startCluster, type FakeWorker, type TestCluster } from './testing/cluster.int.test';

let cluster: TestCluster;
let worker: FakeWorker;
beforeEach(async () => {
  cluster = await startCluster();
  const scaler = await cluster.scaler();
  await waitFor('a leader', () => scaler.leading);
  worker = await cluster.worker('r1/1');
});
afterEach(() => cluster.stop());

const killed = async (id: string, count: number) =>
  waitFor(`${count} killed`, async () => {
    const snapshot = await cluster.snapshot(id);
    return snapshot?.killed.length === count && snapshot;
  });

test('instances follow demand up to what it wants and down to min-instances', async () => {
  const id = await cluster.service('growth', SERVE);
  await worker.ask(id);
  await cluster.open(id, 1);
  await worker.report(id, 1, 2);
  await cluster.open(id, 3);
  for (const { instanceId } of [...worker.granted]) await worker.giveBack(id, instanceId);
  await worker.report(id, 0, 0);
  await cluster.open(id, 1);
  // The last stop is over when the scheduler was told, a moment after its slots closed.
  const last = await waitFor('the last stop', async () => {
    const snapshot = await cluster.snapshot(id);
    return snapshot?.requested === 1 && snapshot.killed.length === 2 && snapshot;
  });
  expect(last).toMatchObject({ requested: 1, failed: [], deploymentError: null });
  expect(last.killed).toHaveLength(2);
  const records = await cluster.store.decisions.read(id, 100);
  const kinds = records.map(({ decision }) => (decision as { kind: string }).kind);
  expect(kinds).toEqual(expect.arrayContaining(['create', 'scale-up', 'kill', 'killed']));
});

test('request-path case 67: an instance whose slots a router has leased is closed at once and killed when they are back', async () => {
  const id = await cluster.service('drain', SERVE, { 'min-instances': 1 });
  await worker.ask(id);
  await cluster.open(id, 1);
  await worker.report(id, 0, 2);
  await cluster.open(id, 2);
  // A second request takes the other instance.
  await worker.ask(id);
  await waitFor('both slots', () => worker.granted.length === 2);
  await worker.report(id, 0, 1);
  const draining = await waitFor('a drain', async () =>
    (await cluster.snapshot(id))?.instances.find((instance) => instance.draining),
  );
  // Several polls of the drain go by while its lease is held.
  await sleep(500);
  const held = await cluster.snapshot(id);
  expect(held?.instances.map((instance) => instance.id)).toContain(draining.id);
  expect(held?.killed).toEqual([]);
  await worker.giveBack(id, draining.id);
  const after = await killed(id, 1);
  expect(after.killed[0]?.id).toBe(draining.id);
  expect(after.failed).toEqual([]);
});

test('an instance with an async request is spared: an idle one goes in its place, though it would be the last choice', async () => {
  const id = await cluster.service('async', SERVE, { 'min-instances': 1 });
  await worker.ask(id);
  await cluster.open(id, 1);
  await worker.report(id, 0, 2);
  const { instances } = await cluster.open(id, 2);
  await worker.ask(id);
  await waitFor('both slots', () => worker.granted.length === 2);
  const [older, younger] = [...instances].sort((a, b) => (a.startedAtMs ?? 0) - (b.startedAtMs ?? 0));
  if (older === undefined || younger === undefined) throw new Error('there are two');
  await worker.giveBack(id, older.id);
  const request = {
    requestId: 'long',
    serviceId: id,
    instanceId: younger.id,
    host: younger.host,
    port: younger.port,
    protocol: 'http',
    location: '/status',
    cid: 'cid',
    checkIntervalMs: 60_000,
    untilMs: Date.now() + 600_000,
  } as const;
  // From here on the slot is held by nobody but the request: no router reports anything in flight on it.
  expect(await cluster.store.asyncRequests.accept(request, 'r1/1', 600_000, 'r1/1')).toBe(true);
  await worker.report(id, 0, 0);
  const after = await killed(id, 1);
  expect(after.killed[0]?.id).toBe(older.id);
  expect(after.instances).toMatchObject([{ id: younger.id, healthy: true, draining: false }]);
}, 30_000);

test('an instance that drains is kept when demand grows again', async () => {
  const id = await cluster.service('reopen', SERVE);
  await worker.ask(id);
  await worker.report(id, 0, 2);
  const before = await cluster.open(id, 2);
  await worker.ask(id);
  await waitFor('both slots', () => worker.granted.length === 2);
  await worker.report(id, 0, 1);
  await waitFor('a drain', async () => (await cluster.snapshot(id))?.instances.some((each) => each.draining));
  await worker.report(id, 2, 1);
  const after = await cluster.open(id, 3);
  const ids = after.instances.map((instance) => instance.id);
  expect(ids).toEqual(expect.arrayContaining(before.instances.map((instance) => instance.id)));
  expect(after.killed).toEqual([]);
});

test('an instance that is never given back is killed at the drain deadline', async () => {
  await cluster.stop();
  cluster = await startCluster();
  const scaler = await cluster.scaler({ drainTimeoutMs: 500 });
  await waitFor('a leader', () => scaler.leading);
  worker = await cluster.worker('r1/1');
  const id = await cluster.service('deadline', SERVE);
  await worker.ask(id);
  await worker.report(id, 0, 2);
  await cluster.open(id, 2);
  await worker.ask(id);
  await waitFor('both slots', () => worker.granted.length === 2);
  await worker.report(id, 0, 1);
  await killed(id, 1);
  const records = await cluster.store.decisions.read(id, 3);
  expect(JSON.stringify(records)).toContain('at its drain deadline');
});
