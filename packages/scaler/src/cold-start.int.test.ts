import { waitFor } from '@waiter/testkit';
import { SERVE, startCluster, type TestCluster } from './testing/cluster.int.test';

let cluster: TestCluster;
beforeEach(async () => {
  cluster = await startCluster();
});
afterEach(() => cluster.stop());

test('a nudge starts a service, and its waiting worker is handed the slot', async () => {
  const scaler = await cluster.scaler({ tickMs: 60_000 });
  await waitFor('a leader', () => scaler.leading);
  const id = await cluster.service('cold', SERVE);
  const worker = await cluster.worker('r1/1');
  const askedAt = performance.now();
  await worker.ask(id);
  const [grant] = await waitFor('a grant', () => worker.granted.length > 0 && worker.granted, {
    intervalMs: 2,
  });
  process.stderr.write(`first slot ${Math.round(performance.now() - askedAt)} ms after the nudge\n`);
  const { instances, requested } = await cluster.open(id, 1);
  expect(requested).toBe(1);
  expect(grant).toMatchObject({
    instanceId: instances[0]?.id,
    port: instances[0]?.port,
    slots: 1,
    open: true,
  });

  const decision = await waitFor('its record', async () => {
    const records = (await cluster.store.decisions.read(id, 10)).map((record) => record.decision);
    return records.find((record) => (record as { kind: string }).kind === 'create');
  });
  expect(decision).toMatchObject({
    kind: 'create',
    epoch: expect.any(Number),
    outcome: 'created with 1',
    inputs: { queued: 1, inFlight: 0 },
  });
});
