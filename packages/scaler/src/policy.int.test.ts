import type { ServiceId } from '@waiter/core';
import { waitFor } from '@waiter/testkit';
import type { ScaleState } from './service/scale-state';
import { SERVE, startCluster, type FakeWorker, type TestCluster } from './testing/cluster.int.test';

let cluster: TestCluster;
let worker: FakeWorker;
beforeEach(async () => {
  cluster = await startCluster();
  worker = await cluster.worker('r1/1');
});
afterEach(async () => {
  for (const timer of timers.splice(0)) clearInterval(timer);
  await cluster.stop();
});
const timers: NodeJS.Timeout[] = [];

const stateOf = (id: ServiceId) => cluster.store.services.scaleState<ScaleState>(id);
const decisionsOf = async (id: ServiceId) =>
  (await cluster.store.decisions.read(id, 1_000)).map(
    ({ decision }) =>
      decision as unknown as { kind: string; reason: string; steps?: Record<string, unknown> },
  );

/** Load that goes on: so many requests per second, of which so many are in service and wait. */
function keepAsking(id: ServiceId, perSecond: number, inFlight: number, queued: number): () => void {
  const startedAt = Date.now();
  const timer = setInterval(() => {
    const lengthMs = Date.now() - startedAt;
    const total = 1 + Math.round((perSecond * lengthMs) / 1000);
    const more = { total, inFlightMs: inFlight * lengthMs, demandMs: (inFlight + queued) * lengthMs };
    worker.report(id, inFlight, queued, more).catch(() => undefined);
  }, 100);
  timers.push(timer);
  return () => clearInterval(timer);
}

test('scaling-policy: predictive scales a service up under load and down again, and explains itself', async () => {
  const scaler = await cluster.scaler();
  await waitFor('a leader', () => scaler.leading);
  const id = await cluster.service('foreseen', SERVE, { 'scaling-policy': 'predictive', 'max-instances': 4 });
  await worker.ask(id);
  await cluster.open(id, 1);
  const stop = keepAsking(id, 4, 4, 0);
  await cluster.open(id, 4);
  stop();
  for (const { instanceId } of [...worker.granted]) await worker.giveBack(id, instanceId);
  await worker.report(id, 0, 0);
  await cluster.open(id, 1);
  const decisions = await decisionsOf(id);
  const grown = decisions.find(({ kind }) => kind === 'scale-up');
  expect(grown?.reason).toMatch(/predictive wants [234], \d running/);
  expect(grown?.steps).toMatchObject({ policy: 'predictive' });
  expect(Object.keys(grown?.steps ?? {}).length).toBeGreaterThan(6);
  // Several stops at once, as the policy wants them; the formula would stop one per inter-kill.
  expect(decisions.some(({ kind }) => kind === 'kill')).toBe(true);
  const state = await stateOf(id);
  expect(state?.policy?.measured.startupMs).toBeGreaterThan(0);
});

test('a leader change carries on what the policy had learned', async () => {
  const first = await cluster.scaler();
  await waitFor('a leader', () => first.leading);
  const id = await cluster.service('learned', SERVE, { 'scaling-policy': 'predictive', 'max-instances': 1 });
  await worker.ask(id);
  const stop = keepAsking(id, 1, 1, 0);
  const before = await waitFor('service and start-up times to be measured and saved', async () => {
    const { policy } = (await stateOf(id)) ?? {};
    const { serviceMs, startupMs } = policy?.measured ?? {};
    return typeof serviceMs === 'number' && typeof startupMs === 'number' && policy;
  });
  await first.stop();
  const second = await cluster.scaler();
  await waitFor('the next to lead', () => second.leading);
  const after = await waitFor('the next to have asked the policy', async () => {
    const { policy } = (await stateOf(id)) ?? {};
    return policy && policy.askedAtMs > before.askedAtMs && policy;
  });
  stop();
  expect(after.advice.policy).toBe('predictive');
  // The next leader started nothing: what it knows of start-up times is what the first one measured.
  expect(after.measured.startupMs).toBe(before.measured.startupMs);
  expect(Math.abs(Number(after.measured.serviceMs) - 1000)).toBeLessThan(500);
});

test('a service that names no policy is scaled by the formula, with nothing of a policy in its state', async () => {
  const scaler = await cluster.scaler();
  await waitFor('a leader', () => scaler.leading);
  const id = await cluster.service('plain', SERVE);
  await worker.ask(id);
  await worker.report(id, 0, 2);
  await cluster.open(id, 2);
  expect(await stateOf(id)).not.toHaveProperty('policy');
  const grown = (await decisionsOf(id)).find(({ kind }) => kind === 'scale-up');
  expect(grown?.steps).toHaveProperty('smoothedUp');
});
