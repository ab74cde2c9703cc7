import { waitFor } from '@waiter/testkit';
import { startCluster, type TestCluster } from './testing/cluster.int.test';

let cluster: TestCluster;
beforeEach(async () => {
  cluster = await startCluster();
});
afterEach(() => cluster.stop());

test('the leader tells of its rounds, of what it launches and of what was asked for last', async () => {
  const scaler = await cluster.scaler({ reconcileMs: 200, startNewIntervalMs: 300 });
  await waitFor('a leader', () => scaler.leading);
  const worker = await cluster.worker('r1/1');
  const id = await cluster.service('slow', 'sleep 60');
  await worker.ask(id);
  const { leaderState } = cluster.store;
  const launching = await waitFor('a launch', async () => {
    const state = (await leaderState.read('launch-metrics')) as Record<
      string,
      Record<string, unknown>
    > | null;
    return state?.['service-id->launch-tracker']?.[id];
  });
  expect(launching).toMatchObject({ 'known-instance-ids': expect.any(Array) });
  const autoscaler = (await leaderState.read('autoscaler')) as Record<string, unknown>;
  expect(autoscaler['iter-counter']).toBeGreaterThan(0);
  expect(autoscaler['previous-cycle-start-time']).toMatch(/Z$/);
  await waitFor('its last request', async () => {
    const state = (await leaderState.read('start-new-services-maintainer')) as Record<string, object> | null;
    return Object.keys(state?.['service-id->last-request-time'] ?? {}).includes(id);
  });
  expect(await leaderState.read('scheduler')).toMatchObject({ kind: 'marathon' });
});
