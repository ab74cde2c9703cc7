import { sleep, waitFor } from '@waiter/testkit';
import { SERVE, startCluster, type TestCluster } from './testing/cluster.int.test';

let cluster: TestCluster;
beforeEach(async () => {
  cluster = await startCluster();
});
afterEach(() => cluster.stop());

test('an instance that drains is not killed because Redis lost the leases on it', async () => {
  const scaler = await cluster.scaler();
  await waitFor('a leader', () => scaler.leading);
  const worker = await cluster.worker('r1/1');
  const id = await cluster.service('lost', SERVE, { 'min-instances': 1 });
  await worker.ask(id);
  await cluster.open(id, 1);
  await worker.report(id, 0, 2);
  await cluster.open(id, 2);
  await worker.ask(id);
  await waitFor('both slots', () => worker.granted.length === 2);
  await worker.report(id, 0, 1);
  const draining = await waitFor('a drain', async () =>
    (await cluster.snapshot(id))?.instances.find((instance) => instance.draining),
  );
  await cluster.store.connection.redis.flushall();
  // A worker finds out with its next heartbeat.
  await sleep(500);
  await cluster.store.leases.join(worker.id, id);
  const inFlight = worker.granted.map(({ instanceId }) => [instanceId, 1] as const);
  await cluster.store.leases.reassert(worker.id, id, 2, inFlight);
  const until = Date.now() + 3_000;
  while (Date.now() < until) {
    const answer = await fetch(`http://${draining.host}:${draining.port}/`).catch(String);
    expect(answer).toMatchObject({ status: 200 });
    await sleep(50);
  }
}, 60_000);

test('nothing is stopped for want of load reports when Redis comes back empty', async () => {
  const scaler = await cluster.scaler({ tickMs: 100, interKillMs: 0 });
  await waitFor('a leader', () => scaler.leading);
  const worker = await cluster.worker('r1/1');
  const id = await cluster.service('silent', SERVE);
  await worker.ask(id);
  await worker.report(id, 3, 0);
  await cluster.open(id, 3);
  await worker.pause();
  await cluster.store.connection.redis.flushall();
  await sleep(1_500);
  await worker.report(id, 3, 0);
  await cluster.open(id, 3);
  const kinds = (await cluster.store.decisions.read(id, 100)).map(
    ({ decision }) => decision as { kind: string; outcome: string },
  );
  expect(kinds.filter(({ outcome }) => outcome.startsWith('draining'))).toEqual([]);
}, 60_000);
