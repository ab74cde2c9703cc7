import { once } from 'node:events';
import { startFaultProxy, waitFor, type FaultProxy } from '@waiter/testkit';
import { SERVE, startCluster, type TestCluster } from './testing/cluster.int.test';

let cluster: TestCluster;
let proxy: FaultProxy | undefined;
beforeEach(async () => {
  cluster = await startCluster();
});
afterEach(async () => {
  await cluster.stop();
  await proxy?.stop();
  proxy = undefined;
});

test('when the leader loses Redis another leads, keeps what runs open and goes on scaling', async () => {
  proxy = await startFaultProxy({ targetPort: cluster.redis.port });
  const first = await cluster.scaler({}, `redis://127.0.0.1:${proxy.port}`);
  await waitFor('a leader', () => first.leading);
  const second = await cluster.scaler();
  const id = await cluster.service('failover', SERVE);
  const worker = await cluster.worker('r1/1');
  await worker.ask(id);
  const before = await cluster.open(id, 1);

  await proxy.cut();
  await waitFor('the other to lead', () => second.leading, { timeoutMs: 5_000 });
  expect(first.leading).toBe(false);
  const taken = await waitFor('its first snapshot', async () => {
    const snapshot = await cluster.snapshot(id);
    return snapshot !== null && snapshot.epoch > before.epoch && snapshot;
  });
  // What served stays open: the marathon's own checks have not confirmed it yet.
  expect(taken.instances).toMatchObject([{ id: before.instances[0]?.id, healthy: true, draining: false }]);

  await worker.report(id, 1, 1);
  await cluster.open(id, 2);
  await proxy.heal();
  await waitFor('the first to be a follower', () => first.lines.includes('info no longer leader'));
  expect(second.leading).toBe(true);
  expect(first.leading).toBe(false);
});

test('a new leader finishes the drains of the old one', async () => {
  const first = await cluster.scaler();
  await waitFor('a leader', () => first.leading);
  const id = await cluster.service('drains', SERVE);
  const worker = await cluster.worker('r1/1');
  await worker.ask(id);
  await worker.report(id, 0, 2);
  await cluster.open(id, 2);
  await worker.ask(id);
  await waitFor('both slots', () => worker.granted.length === 2);
  await worker.report(id, 1, 0);
  const draining = await waitFor('a drain', async () =>
    (await cluster.snapshot(id))?.instances.find((instance) => instance.draining),
  );
  const { epoch = 0 } = (await cluster.snapshot(id)) ?? {};
  await cluster.scaler();
  await first.stop();
  await waitFor('a new epoch', async () => ((await cluster.snapshot(id))?.epoch ?? 0) > epoch);
  expect((await cluster.snapshot(id))?.instances.find(({ id: each }) => each === draining.id)).toMatchObject({
    draining: true,
  });
  await worker.giveBack(id, draining.id);
  await waitFor('the kill', async () => (await cluster.snapshot(id))?.killed[0]?.id === draining.id);
});

test('jobs that a killed leader left active hold nobody up', async () => {
  const id = await cluster.service('stuck', SERVE);
  // Takes the evaluation and dies: it never completes, and its lock is still held.
  const dead = cluster.queues.worker('scaling', () => new Promise(() => undefined));
  dead.on('error', () => undefined);
  const taken = once(dead, 'active');
  await cluster.queues.nudge(id);
  await taken;
  await dead.close(true);

  const scaler = await cluster.scaler({ tickMs: 60_000 });
  await waitFor('a leader', () => scaler.leading);
  const worker = await cluster.worker('r1/1');
  await worker.ask(id);
  await waitFor('a grant', () => worker.granted.length > 0, { timeoutMs: 3_000 });
});

test('what a former leader decided is not done, and a snapshot of a later one deposes', async () => {
  const scaler = await cluster.scaler();
  await waitFor('a leader', () => scaler.leading);
  const id = await cluster.service('stale', SERVE);
  const worker = await cluster.worker('r1/1');
  await worker.ask(id);
  const snapshot = await cluster.open(id, 1);

  const job = await cluster.queues
    .queue('scheduler')
    .add('apply', { serviceId: id, epoch: 0, kind: 'scale-up' }, { removeOnComplete: false });
  await waitFor('the job to be done', () => job.isCompleted());
  const done = await cluster.queues.queue('scheduler').getJob(job.id ?? '');
  expect(done?.returnvalue).toBe('decided by another leader');

  const { concurrencyLevel, loadBalancing } = { concurrencyLevel: 1, loadBalancing: 'oldest' as const };
  const epoch = snapshot.epoch + 1_000_000;
  await cluster.store.instances.publish({ ...snapshot, epoch }, { concurrencyLevel, loadBalancing });
  await worker.report(id, 1, 3);
  await waitFor('it to step down', () => scaler.lines.some((line) => line.includes('stepping down')));
  expect((await cluster.snapshot(id))?.epoch).toBe(epoch);
});
