import { waitFor } from '@waiter/testkit';
import { SERVE, startCluster, type FakeWorker, type TestCluster } from './testing/cluster.int.test';

const IDLE = { 'idle-timeout-mins': 0.02 };
let cluster: TestCluster;
let worker: FakeWorker;
beforeEach(async () => {
  cluster = await startCluster();
  worker = await cluster.worker('r1/1');
});
afterEach(() => cluster.stop());

const release = async (id: string): Promise<void> => {
  for (const { instanceId } of worker.granted.splice(0)) await worker.giveBack(id, instanceId);
  await worker.report(id, 0, 0);
};
const gone = (id: string) =>
  waitFor('the service to be gone', async () => {
    const snapshot = await cluster.snapshot(id);
    return (await cluster.apps()).includes(id) ? null : snapshot?.requested === 0 && snapshot;
  });

test('an unused service is deleted, and starts again when somebody asks', async () => {
  const scaler = await cluster.scaler({ gcIntervalMs: 300 });
  await waitFor('a leader', () => scaler.leading);
  const id = await cluster.service('idle', SERVE, IDLE);
  await worker.ask(id);
  await cluster.open(id, 1);
  await release(id);
  expect(await gone(id)).toMatchObject({ instances: [], scheduled: 0, deploymentError: null, failed: [] });
  await waitFor('it to be off the list', async () => !(await cluster.store.services.ids()).includes(id));
  await worker.ask(id);
  await cluster.open(id, 1);
  expect(await cluster.store.services.ids()).toContain(id);
});

test('a service in use is not collected', async () => {
  const scaler = await cluster.scaler({ gcIntervalMs: 200 });
  await waitFor('a leader', () => scaler.leading);
  const id = await cluster.service('used', SERVE, IDLE);
  const other = await cluster.service('unused', SERVE, IDLE);
  await worker.ask(id);
  await worker.ask(other);
  await cluster.open(id, 1);
  await cluster.open(other, 1);
  const grant = await waitFor('its slot', () =>
    worker.granted.find(({ instanceId }) => instanceId.startsWith(other)),
  );
  await worker.giveBack(other, grant.instanceId);
  await worker.report(other, 0, 0);
  await gone(other);
  expect(await cluster.apps()).toContain(id);
});

test('what only the scheduler still knows is rebuilt from its labels, and not collected at once', async () => {
  const scaler = await cluster.scaler({ gcIntervalMs: 200 });
  await waitFor('a leader', () => scaler.leading);
  const id = await cluster.service('rebuilt', SERVE, { 'idle-timeout-mins': 0.05 });
  await worker.ask(id);
  const before = await cluster.open(id, 1);
  const described = await cluster.store.services.get(id);
  await cluster.store.connection.redis.flushall();
  const after = await cluster.open(id, 1);
  expect(after.instances[0]?.id).toBe(before.instances[0]?.id);
  // What runs may be published again before what it is.
  const again = await waitFor('the service to be described again', () => cluster.store.services.get(id));
  expect(again.effective).toEqual(described?.effective);
  await waitFor('it to be listed', async () => (await cluster.store.services.ids()).includes(id));
  // Nobody asks any more; only now does its idle time count.
  await release(id);
  await gone(id);
});

test('deletion by an operator says what came of it', async () => {
  const scaler = await cluster.scaler();
  await waitFor('a leader', () => scaler.leading);
  const id = await cluster.service('deleted', SERVE);
  await worker.ask(id);
  await cluster.open(id, 1);
  await release(id);
  expect(await cluster.queues.requestDelete(id)).toBe('deleted');
  expect(await cluster.apps()).not.toContain(id);
  expect(await cluster.queues.requestDelete(id)).toBe('no-such-service-exists');
});
