import { waitFor } from '@waiter/testkit';
import { SERVE, startCluster, type FakeWorker, type TestCluster } from './testing/cluster.int.test';

const OFTEN = { gcIntervalMs: 200, brokenServiceMinHosts: 1 };
let cluster: TestCluster;
let worker: FakeWorker;
beforeEach(async () => {
  cluster = await startCluster();
  worker = await cluster.worker('r1/1');
});
afterEach(() => cluster.stop());

test('deadlines of broken services outlive the leader', async () => {
  const first = await cluster.scaler({ ...OFTEN, brokenServiceTimeoutMs: 3_600_000 });
  await waitFor('a leader', () => first.leading);
  const id = await cluster.service('broken', 'exit 1', { 'grace-period-secs': 0, 'idle-timeout-mins': 0 });
  await worker.ask(id);
  const before = await waitFor('its deadline', () => cluster.store.collections.entry('broken', id), {
    timeoutMs: 15_000,
  });
  expect(before).toEqual({
    deadlineMs: before.modifiedAtMs + 3_600_000,
    modifiedAtMs: expect.any(Number),
    state: expect.objectContaining({ 'failed-hosts-limit-reached': true }),
  });
  await worker.withdraw(id);
  await first.stop();
  // It counts from when the first one found it broken.
  const since = Date.now() - before.modifiedAtMs;
  await cluster.scaler({ ...OFTEN, brokenServiceTimeoutMs: since + 2_500 });
  await waitFor('it to be gone', async () => !(await cluster.apps()).includes(id), { timeoutMs: 10_000 });
  expect(Date.now() - before.modifiedAtMs).toBeGreaterThan(since + 2_500);
  expect(
    await waitFor('no entry', async () => (await cluster.store.collections.entry('broken', id)) === null),
  );
});

test('idle deadlines are those of the latest use', async () => {
  const scaler = await cluster.scaler(OFTEN);
  await waitFor('a leader', () => scaler.leading);
  const id = await cluster.service('used', SERVE, { 'idle-timeout-mins': 30 });
  await worker.ask(id);
  await cluster.open(id, 1);
  const entry = await waitFor('its deadline', () => cluster.store.collections.entry('services', id));
  expect(entry.state).toMatchObject({ outstanding: 1 });
  expect(Number(entry.deadlineMs) - entry.modifiedAtMs).toBeGreaterThan(29 * 60_000);
  for (const { instanceId } of worker.granted.splice(0)) await worker.giveBack(id, instanceId);
  await worker.report(id, 0, 0);
  await waitFor('it to be idle', async () => {
    const { state } = (await cluster.store.collections.entry('services', id)) ?? {};
    return (state as { outstanding: number } | undefined)?.outstanding === 0;
  });
});

test('a leader of an earlier epoch writes no deadlines', async () => {
  const scaler = await cluster.scaler();
  await waitFor('a leader', () => scaler.leading);
  const { epoch = 0 } = (await cluster.store.leader()) ?? {};
  const entries = new Map([['s', { deadlineMs: 1, modifiedAtMs: 1, state: {} }]]);
  const { collections } = cluster.store;
  expect(await collections.save('services', epoch - 1, entries)).toBe(false);
  expect(await collections.entry('services', 's')).toBeNull();
  expect(await collections.save('services', epoch, entries)).toBe(true);
  expect(await collections.entry('services', 's')).toEqual(entries.get('s'));
});

test('case 50: a deletion that fails is tried again, and the service keeps its deadline', async () => {
  const scaler = await cluster.scaler(OFTEN);
  await waitFor('a leader', () => scaler.leading);
  const id = await cluster.service('busy', SERVE, { 'idle-timeout-mins': 0.02 });
  await worker.ask(id);
  await cluster.open(id, 1);
  const refuse = jest
    .spyOn(scaler.scheduler, 'delete')
    .mockResolvedValueOnce('busy')
    .mockResolvedValueOnce('busy');
  for (const { instanceId } of worker.granted.splice(0)) await worker.giveBack(id, instanceId);
  await worker.report(id, 0, 0);
  await waitFor('it to be gone', async () => !(await cluster.apps()).includes(id), { timeoutMs: 15_000 });
  expect(refuse.mock.calls.length).toBeGreaterThanOrEqual(3);
});
