import { waitFor } from '@waiter/testkit';
import {
  SERVE,
  startCluster,
  type FakeWorker,
  type RunningScaler,
  type TestCluster,
} from './testing/cluster.int.test';

let cluster: TestCluster;
let worker: FakeWorker;
let scaler: RunningScaler;
beforeEach(async () => {
  cluster = await startCluster();
  scaler = await cluster.scaler();
  await waitFor('a leader', () => scaler.leading);
  worker = await cluster.worker('r1/1');
});
afterEach(() => cluster.stop());

const BY = { by: 'sam', reason: 'upgrade' };
const tell = () => cluster.queues.request('pauses', {}, 5_000);
const pause = async (id: string | null): Promise<void> => {
  await cluster.store.scalingPauses.pause(id, { ...BY, atMs: Date.now() });
  expect(await tell()).toBe(true);
};
const resume = async (id: string | null): Promise<void> => {
  expect(await cluster.store.scalingPauses.resume(id)).toBe(true);
  expect(await tell()).toBe(true);
};
const held = (id: string, of: string) =>
  waitFor(`a decision that waits: ${of}`, async () => {
    const records = await cluster.store.decisions.read(id, 20);
    return records.find(({ decision }) => {
      const { steps, reason } = decision as { steps?: { waiting?: string }; reason: string };
      return steps?.waiting?.includes('paused by sam') === true && reason.includes(of);
    });
  });

test('a paused service is neither grown nor shrunk; a resume catches up', async () => {
  const id = await cluster.service('pause', SERVE);
  const other = await cluster.service('other', SERVE);
  await worker.ask(id);
  await worker.report(id, 0, 2);
  await cluster.open(id, 2);
  await pause(id);
  await worker.report(id, 0, 4);
  await held(id, 'start 2');
  // Others go on.
  await worker.report(other, 0, 2);
  await cluster.open(other, 2);
  expect((await cluster.snapshot(id))?.requested).toBe(2);
  await worker.report(id, 0, 0);
  await held(id, 'stop 1');
  expect(await cluster.snapshot(id)).toMatchObject({ requested: 2, killed: [] });
  await resume(id);
  await waitFor('it to shrink', async () => (await cluster.snapshot(id))?.requested === 1);
});

test('a pause of the whole cluster keeps what was about to stop, and starts nothing', async () => {
  const id = await cluster.service('keep', SERVE);
  const fresh = await cluster.service('fresh', SERVE);
  await worker.ask(id);
  await worker.report(id, 0, 2);
  await cluster.open(id, 2);
  await worker.ask(id);
  await waitFor('both slots', () => worker.granted.length === 2);
  await worker.report(id, 1, 0);
  await waitFor('a drain', async () => (await cluster.snapshot(id))?.instances.some((each) => each.draining));
  await pause(null);
  await cluster.open(id, 2);
  await worker.report(fresh, 0, 1);
  await held(fresh, 'start 1');
  expect(await cluster.apps()).toEqual([id]);
  await resume(null);
  await cluster.open(fresh, 1);
});

test('a pause outlives the leader, and nothing paused is collected', async () => {
  const IDLE = { 'idle-timeout-mins': 0.02 };
  const id = await cluster.service('idle', SERVE, IDLE);
  const other = await cluster.service('unused', SERVE, IDLE);
  for (const each of [id, other]) {
    await worker.ask(each);
    await cluster.open(each, 1);
  }
  await pause(id);
  await scaler.stop();
  await cluster.scaler({ gcIntervalMs: 200 });
  for (const { instanceId } of worker.granted.splice(0)) {
    await worker.giveBack(instanceId.startsWith(id) ? id : other, instanceId);
  }
  for (const each of [id, other]) await worker.report(each, 0, 0);
  await waitFor('the other to be collected', async () => !(await cluster.apps()).includes(other));
  // They became idle together: it had its turn.
  expect(await cluster.apps()).toEqual([id]);
  await resume(id);
  await waitFor('it to be collected as well', async () => (await cluster.apps()).length === 0);
});
