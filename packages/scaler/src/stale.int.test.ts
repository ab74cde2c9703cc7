import { userInfo } from 'node:os';
import { builtInSettings, resolveService, type Json } from '@waiter/core';
import { waitFor } from '@waiter/testkit';
import { SERVE, startCluster, type FakeWorker, type TestCluster } from './testing/cluster.int.test';

let cluster: TestCluster;
let worker: FakeWorker;
beforeEach(async () => {
  cluster = await startCluster();
  worker = await cluster.worker('r1/1');
});
afterEach(() => cluster.stop());

const SETTINGS = builtInSettings('test');
const user = userInfo().username;

/** Writes a version of a token, and registers its service as a router does. */
async function version(token: string, more: Readonly<Record<string, Json>>): Promise<string> {
  const data = {
    cmd: SERVE,
    cpus: 0.1,
    mem: 64,
    'run-as-user': user,
    'permitted-user': '*',
    'health-check-url': '/',
    owner: user,
    'last-update-time': Date.now(),
    ...more,
  };
  await cluster.store.tokens.write({ name: token, data });
  const record = await cluster.store.tokens.get(token);
  const { serviceId, core, effective, sourceTokens } = resolveService(
    { headers: {}, source: 'host-header', names: [token], tokens: [record], user },
    SETTINGS,
  );
  await cluster.store.services.ensure({ id: serviceId, description: core, effective, sourceTokens });
  return serviceId;
}

const release = async (id: string): Promise<void> => {
  // Its message may come after the snapshot that `open` waits for.
  await waitFor('the slot that was asked for', () => worker.granted.length > 0);
  for (const { instanceId } of worker.granted.splice(0)) await worker.giveBack(id, instanceId);
  await worker.report(id, 0, 0);
};
const start = async (options = {}): Promise<void> => {
  const scaler = await cluster.scaler({ gcIntervalMs: 200, startNewIntervalMs: 200, ...options });
  await waitFor('a leader', () => scaler.leading);
};

test('services-and-tokens case 121: a stale service is collected early, however long its idle timeout; the latest version stays', async () => {
  await start();
  const quick = { 'fallback-period-secs': 0, 'stale-timeout-mins': 0, 'idle-timeout-mins': 0 };
  const id1 = await version('t', { version: '1', ...quick });
  await worker.ask(id1);
  await cluster.open(id1, 1);
  await release(id1);
  const id2 = await version('t', { version: '2', ...quick });
  await worker.ask(id2);
  await cluster.open(id2, 1);
  await release(id2);
  await waitFor('the first version to be gone', async () => !(await cluster.apps()).includes(id1));
  expect(await cluster.apps()).toContain(id2);
  // Written once the scheduler has deleted it, a moment after the app is gone.
  await waitFor('the record of it', async () => {
    const records = await cluster.store.decisions.read(id1, 8);
    return records.some(({ decision }) => {
      const { kind, reason } = decision as { kind: string; reason: string };
      return kind === 'collected' && reason.includes('its tokens');
    });
  });
});

test('a stale service stays while its fallback window is open, with at most one instance of its minimum', async () => {
  await start();
  const more = {
    'min-instances': 2,
    'idle-timeout-mins': 0.02,
    'scale-down-factor': 0.99,
    'scale-up-factor': 0.99,
  };
  const id1 = await version('t', { version: '1', ...more });
  await worker.ask(id1);
  await cluster.open(id1, 2);
  await release(id1);
  await version('t', { version: '2', ...more });
  await cluster.open(id1, 1);
  // Well beyond its idle timeout of 1.2 s.
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  expect(await cluster.apps()).toContain(id1);
});

test('a service that is wanted is started though nobody waits for it, and only once', async () => {
  await start();
  const id = await version('t', { version: '1' });
  await cluster.store.references.want(id);
  await cluster.queues.nudge(id);
  await cluster.open(id, 1);
  expect((await cluster.snapshot(id))?.requested).toBe(1);
});

test('case 56: while a stale service is in use, the latest version of its token is started', async () => {
  await start();
  const id1 = await version('t', { version: '1' });
  await worker.ask(id1);
  await cluster.open(id1, 1);
  const id2 = await version('t', { version: '2' });
  // Not yet in use since it went stale: nothing is started.
  await new Promise((resolve) => setTimeout(resolve, 600));
  expect(await cluster.apps()).not.toContain(id2);
  await worker.report(id1, 1, 0);
  await cluster.open(id2, 1);
});

test('case 56: tokens are left alone whose service depends on the requester', async () => {
  await start();
  const id1 = await version('t', { version: '1' });
  await worker.ask(id1);
  await cluster.open(id1, 1);
  await cluster.store.tokens.write({
    name: 't',
    data: { cmd: SERVE, cpus: 0.1, mem: 64, version: '2', 'run-as-user': '*', owner: user },
  });
  await worker.report(id1, 1, 0);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect(await cluster.apps()).toEqual([id1]);
});
