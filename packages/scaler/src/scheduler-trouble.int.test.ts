import { SchedulerError } from '@waiter/scheduler';
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
afterEach(async () => {
  jest.restoreAllMocks();
  await cluster.stop();
});

interface Told {
  readonly kind: string;
  readonly outcome: string;
  readonly decisionId: string;
}
const records = async (id: string): Promise<Told[]> =>
  (await cluster.store.decisions.read(id, 1_000)).map(({ decision }) => decision as unknown as Told);

test('case 3: a scale-up that the scheduler fails is on record, and the next one is carried out', async () => {
  const id = await cluster.service('refused', SERVE);
  await worker.ask(id);
  await cluster.open(id, 1);
  jest.spyOn(scaler.scheduler, 'scale').mockRejectedValueOnce(new SchedulerError('no answer', 503, true));
  await worker.report(id, 1, 2);
  await cluster.open(id, 3);
  const outcomes = (await records(id))
    .filter(({ kind }) => kind === 'scale-up')
    .map(({ outcome }) => outcome);
  expect(outcomes).toContain('failed: no answer');
  expect(outcomes.some((outcome) => outcome.startsWith('scaled up'))).toBe(true);
});

test('case 8: an instance that the scheduler does not kill stays closed, is no killed one, and is asked for again', async () => {
  const id = await cluster.service('stubborn', SERVE);
  await worker.ask(id);
  await worker.report(id, 0, 2);
  await cluster.open(id, 2);
  const kill = jest
    .spyOn(scaler.scheduler, 'kill')
    .mockResolvedValueOnce({ killed: false, message: 'locked', status: 409 });
  for (const { instanceId } of worker.granted.splice(0)) await worker.giveBack(id, instanceId);
  await worker.report(id, 0, 0);
  await waitFor('the first attempt', () => kill.mock.calls.length === 1);
  expect(await cluster.snapshot(id)).toMatchObject({ requested: 2, killed: [] });
  const after = await waitFor('the kill', async () => {
    const snapshot = await cluster.snapshot(id);
    return snapshot?.requested === 1 && snapshot;
  });
  expect(after.killed.map(({ id: each }) => each)).toEqual([kill.mock.calls[0]?.[0].id]);
  expect(after.failed).toEqual([]);
});

test('case 14: every decision has an id of its own; case 16: scaling ends with its service', async () => {
  const id = await cluster.service('ended', SERVE);
  await worker.ask(id);
  await cluster.open(id, 1);
  await worker.report(id, 0, 0);
  for (const { instanceId } of worker.granted.splice(0)) await worker.giveBack(id, instanceId);
  await waitFor('its state', () => cluster.store.services.scaleState(id));
  expect(await cluster.queues.requestDelete(id)).toBe('deleted');
  expect(await cluster.store.services.scaleState(id)).toBeNull();
  expect(await cluster.store.services.ids()).not.toContain(id);
  const all = (await records(id)).map(({ decisionId }) => decisionId);
  expect(all.length).toBeGreaterThan(1);
  expect(new Set(all).size).toBe(all.length);
});

test('case 15: a service without cpus or mem is neither started nor scaled; others go on', async () => {
  const odd = await cluster.service('odd', SERVE, { mem: 'much' });
  const sound = await cluster.service('sound', SERVE);
  await worker.ask(odd);
  await worker.ask(sound);
  await cluster.open(sound, 1);
  expect(await cluster.apps()).toEqual([sound]);
  expect(await cluster.store.services.scaleState(odd)).toBeNull();
  expect(scaler.lines.filter((line) => line.includes('cannot be scaled'))).toHaveLength(1);
});

test('case 33: a service without instances is published too', async () => {
  const id = await cluster.service('none', SERVE);
  await cluster.queues.nudge(id);
  expect(await waitFor('its snapshot', () => cluster.snapshot(id))).toMatchObject({
    requested: 0,
    instances: [],
    deploymentError: null,
  });
});

test('case 43: what somebody else runs under a name of ours, without a description, is left alone', async () => {
  const id = 'waiter-service-foreign';
  const created = await fetch(`${cluster.marathonUrl}/v2/apps`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ id, cmd: SERVE, cpus: 0.1, mem: 32, instances: 1 }),
  });
  expect(created.status).toBe(201);
  await waitFor('it to be seen', () => scaler.lines.some((line) => line.includes('that cannot be read')));
  const sound = await cluster.service('sound', SERVE);
  await worker.ask(sound);
  await cluster.open(sound, 1);
  expect(await cluster.snapshot(id)).toBeNull();
  expect([...(await cluster.apps())].sort()).toEqual([id, sound].sort());
});
