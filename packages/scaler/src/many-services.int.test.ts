import { waitFor } from '@waiter/testkit';
import type { ServiceId } from '@waiter/core';
import { SERVE, startCluster, type FakeWorker, type TestCluster } from './testing/cluster.int.test';

const SERVICES = 2_000;
const IN_USE = 3;
const TICK_MS = 300;

let cluster: TestCluster;
beforeEach(async () => {
  cluster = await startCluster();
});
afterEach(() => cluster.stop());

/** Registers them all and starts the first few. */
async function many(): Promise<{ readonly ids: readonly ServiceId[]; readonly worker: FakeWorker }> {
  const ids = await Promise.all(
    Array.from({ length: SERVICES }, (_, n) => cluster.service(`many-${n}`, SERVE)),
  );
  const scaler = await cluster.scaler({ tickMs: TICK_MS, startNewIntervalMs: 500 });
  await waitFor('a leader', () => scaler.leading);
  await waitFor('a snapshot of every service', async () => (await versions(ids)).every((v) => v > 0), {
    timeoutMs: 60_000,
    intervalMs: 250,
  });
  const worker = await cluster.worker('r1/1');
  for (const id of ids.slice(0, IN_USE)) await worker.ask(id);
  for (const id of ids.slice(0, IN_USE)) await cluster.open(id, 1);
  return { ids, worker };
}

const versions = (ids: readonly ServiceId[]): Promise<readonly number[]> =>
  Promise.all(ids.map((id) => cluster.store.instances.version(id)));

async function commands(): Promise<number> {
  const text = await cluster.store.connection.redis.info('stats');
  return Number(/total_commands_processed:(\d+)/.exec(text)?.[1]);
}

/** How often every service was looked at, by what the leader says of itself. */
async function rounds(): Promise<number> {
  const state = await cluster.store.leaderState.read('autoscaler');
  return Number((state as { 'iter-counter'?: unknown } | null)?.['iter-counter'] ?? 0);
}

test('thousands of services at rest cost Redis next to nothing, and one of them still starts at once', async () => {
  const { ids, worker } = await many();
  const [from, ticksFrom] = [await commands(), await rounds()];
  await waitFor('twenty more ticks', async () => (await rounds()) >= ticksFrom + 20, {
    timeoutMs: 60_000,
    intervalMs: 250,
  });
  const ticks = (await rounds()) - ticksFrom;
  const perTick = ((await commands()) - from) / ticks;
  process.stderr.write(`${Math.round(perTick)} Redis commands per tick with ${SERVICES} services\n`);
  // Any read or write of each service in each tick, or in each reconciliation, would be thousands.
  expect(perTick).toBeLessThan(SERVICES / 4);

  const last = ids.at(-1) ?? '';
  await worker.ask(last);
  await cluster.open(last, 1);
}, 120_000);

test('what Redis lost is written again, also of services at rest', async () => {
  const { ids } = await many();
  const { redis, keys } = cluster.store.connection;
  await redis.del(ids.map((id) => keys.instances(id)));
  await waitFor('every snapshot', async () => (await versions(ids)).every((version) => version > 0), {
    timeoutMs: 60_000,
    intervalMs: 250,
  });
  for (const id of ids.slice(0, IN_USE)) await cluster.open(id, 1);
}, 120_000);
