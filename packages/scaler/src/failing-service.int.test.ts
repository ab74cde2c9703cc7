import { waitFor } from '@waiter/testkit';
import { SERVE, startCluster, type FakeWorker, type TestCluster } from './testing/cluster.int.test';

let cluster: TestCluster;
let worker: FakeWorker;
beforeEach(async () => {
  cluster = await startCluster();
  const scaler = await cluster.scaler({ gcIntervalMs: 300 });
  await waitFor('a leader', () => scaler.leading);
  worker = await cluster.worker('r1/1');
});
afterEach(() => cluster.stop());

const error = (id: string) =>
  waitFor('a deployment error', async () => (await cluster.snapshot(id))?.deploymentError, {
    timeoutMs: 15_000,
  });

test('a command that exits 1 becomes bad-startup-command (3.9), and the service goes when nobody asks', async () => {
  const id = await cluster.service('failing', 'exit 1', { 'idle-timeout-mins': 0.01 });
  await worker.ask(id);
  expect(await error(id)).toEqual({ key: 'bad-startup-command', message: 'Invalid startup command' });
  const snapshot = await cluster.snapshot(id);
  expect(snapshot?.failed.map(({ exitCode }) => exitCode)).toEqual([1, 1]);
  // Its waiters have been told and left.
  await worker.withdraw(id);
  await waitFor('it to be gone', async () => !(await cluster.apps()).includes(id));
  await waitFor('a clean snapshot', async () => {
    const cleared = await cluster.snapshot(id);
    return cleared?.deploymentError === null && cleared.failed.length === 0;
  });
});

test('what the scheduler refuses fails its waiters with its words (DESIGN section 7)', async () => {
  const id = await cluster.service('refused', SERVE, { 'health-check-authentication': 'standard' });
  await worker.ask(id);
  expect(await error(id)).toEqual({
    key: 'scheduler-refused',
    message: expect.stringContaining('cannot send credentials'),
  });
  const attempts = async (): Promise<number> =>
    (await cluster.store.decisions.read(id, 100)).filter(
      ({ decision }) => (decision as { kind: string }).kind === 'create',
    ).length;
  expect(await attempts()).toBe(1);
});

test('an answer 401 to health checks is told though nothing failed (3.9, rule 7)', async () => {
  const serve = SERVE.replace("r.end('ok')", 'r.writeHead(401).end()');
  const id = await cluster.service('authenticated', serve);
  await worker.ask(id);
  expect(await error(id)).toMatchObject({ key: 'health-check-requires-authentication' });
});
