import { startRedis, waitFor, type RedisServer } from '@waiter/testkit';
import type { LoadLedger, WorkerLoad } from './load';
import type { Membership } from './members';
import { Store } from './store';

let redis: RedisServer;
let store: Store;
let members: Membership;
let ledger: LoadLedger;
beforeAll(async () => {
  redis = await startRedis();
  store = await Store.open({ url: redis.url, cluster: 'c' });
  ({ members, load: ledger } = store);
});
afterAll(async () => {
  await store.close();
  await redis.stop();
});

const load = (more: Partial<WorkerLoad>): WorkerLoad => ({
  inFlight: 0,
  queued: 0,
  oldestWaitMs: 0,
  total: 0,
  lastRequestAtMs: 0,
  inFlightMs: 0,
  demandMs: 0,
  ...more,
});

test('scaling-and-schedulers case 19: load is summed over workers, the latest request is the latest of all', async () => {
  for (const id of ['r1/1', 'r1/2', 'r2/1']) await members.heartbeat(id, true);
  await ledger.report(
    'r1/1',
    new Map([['s', load({ inFlight: 2, queued: 1, oldestWaitMs: 7, total: 5, lastRequestAtMs: 100 })]]),
  );
  await ledger.report('r1/2', new Map([['other', load({ inFlight: 1 })]]));
  await ledger.report(
    'r2/1',
    new Map([['s', load({ inFlight: 1, oldestWaitMs: 9, total: 4, lastRequestAtMs: 300 })]]),
  );
  const sum = { inFlight: 3, queued: 1, oldestWaitMs: 9, total: 9, lastRequestAtMs: 300 };
  expect((await ledger.demand()).get('s')).toMatchObject(sum);
  expect(await ledger.demandOf('s')).toMatchObject(sum);
  expect((await ledger.demand()).get('other')).toMatchObject({ inFlight: 1 });
});

test('of workers that come and go between two questions, exactly those that are there count', async () => {
  const say = (id: string) => ledger.report(id, new Map([['changing', load({ inFlight: 1 })]]));
  const heard = async () => [...(await ledger.byWorker('changing')).keys()].sort();
  for (const id of ['a/1', 'b/1']) await members.heartbeat(id, true);
  await Promise.all([say('a/1'), say('b/1')]);
  expect(await heard()).toEqual(['a/1', 'b/1']);
  await members.leave('b/1');
  // A report that was under way when it left.
  await say('b/1');
  await members.heartbeat('c/1', true);
  await say('c/1');
  expect(await heard()).toEqual(['a/1', 'c/1']);
  expect(await ledger.demandOf('changing')).toMatchObject({ inFlight: 2 });
});

test('scaling-and-schedulers case 22: the load of a worker that is gone does not stay', async () => {
  await members.heartbeat('gone/1', true);
  await ledger.report('gone/1', new Map([['lost', load({ inFlight: 4 })]]));
  expect(await ledger.demandOf('lost')).toMatchObject({ inFlight: 4 });
  // It says nothing more: neither its heartbeat nor its report lasts.
  await waitFor('its load to be gone', async () => (await ledger.demandOf('lost')).inFlight === 0, {
    timeoutMs: 10_000,
  });
});
