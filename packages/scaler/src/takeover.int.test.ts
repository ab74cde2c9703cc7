import type { ServiceId } from '@waiter/core';
import { startFaultProxy, waitFor, type FaultProxy } from '@waiter/testkit';
import type { ScaleState } from './service/scale-state';
import { SERVE, startCluster, type TestCluster } from './testing/cluster.int.test';

interface Recorded {
  readonly epoch: number;
  readonly targetInstances: number;
  readonly inputs: { readonly previousTarget: number | null; readonly ticks: number | null };
}

let cluster: TestCluster;
let proxy: FaultProxy | undefined;
beforeEach(async () => {
  cluster = await startCluster();
});
afterEach(async () => {
  // What retries forever could not be closed.
  await proxy?.heal();
  await cluster.stop();
  await proxy?.stop();
  proxy = undefined;
});

const epochNow = async (): Promise<number> => (await cluster.store.leader())?.epoch ?? 0;

/** The first decision of a later leader than `epoch`. */
const firstAfter = (id: ServiceId, epoch: number): Promise<Recorded> =>
  waitFor('a decision of the next leader', async () => {
    const records = await cluster.store.decisions.read(id, 1_000);
    const later = records.map(({ decision }) => decision as unknown as Recorded);
    return later.filter((each) => each.epoch > epoch && 'inputs' in each).at(-1);
  });

test('a leader that dies while a service grows leaves the target to the next one', async () => {
  proxy = await startFaultProxy({ targetPort: cluster.redis.port });
  const first = await cluster.scaler({}, `redis://127.0.0.1:${proxy.port}`);
  await waitFor('a leader', () => first.leading);
  const second = await cluster.scaler();
  const id = await cluster.service('growing', SERVE, { 'scale-up-factor': 0.2, 'max-instances': 6 });
  const worker = await cluster.worker('r1/1');
  await worker.ask(id);
  await worker.report(id, 1, 5);
  const before = await waitFor('it to have grown half way', async () => {
    const state = await cluster.store.services.scaleState<ScaleState>(id);
    return state !== null && state.targetInstances > 2 && state;
  });
  const epoch = await epochNow();
  await proxy.cut();
  await waitFor('the other to lead', () => second.leading, { timeoutMs: 5_000 });
  const { inputs, targetInstances } = await firstAfter(id, epoch);
  expect(inputs.previousTarget).toBeGreaterThanOrEqual(before.targetInstances);
  expect(inputs.previousTarget).toBeLessThan(6);
  expect(targetInstances).toBeGreaterThan(Number(inputs.previousTarget));
  await cluster.open(id, 6);
});

test('a target that rested for an hour does not fall at once because the leader changes', async () => {
  const first = await cluster.scaler();
  await waitFor('a leader', () => first.leading);
  const id = await cluster.service('resting', SERVE, { 'scale-down-factor': 0.001 });
  const worker = await cluster.worker('r1/1');
  await worker.ask(id);
  await worker.report(id, 3, 0);
  await cluster.open(id, 3);
  const epoch = await epochNow();
  await first.stop();
  // A target that rests is not saved again: what is in Redis is from when it began to.
  const resting: ScaleState = {
    targetInstances: 3,
    evaluatedAtMs: Date.now() - 3_600_000,
    lastBusyAtMs: Date.now(),
    lastKillAtMs: null,
    scaleAmount: 0,
    scaleToInstances: 1,
    label: 'stable',
  };
  expect(await cluster.store.services.saveScaleState(id, epoch, resting)).toBe(true);
  await worker.report(id, 0, 0);
  await cluster.scaler();
  const { inputs, targetInstances } = await firstAfter(id, epoch);
  expect(inputs.previousTarget).toBe(3);
  expect(inputs.ticks).toBeLessThan(10);
  expect(targetInstances).toBeGreaterThan(2.9);
});
