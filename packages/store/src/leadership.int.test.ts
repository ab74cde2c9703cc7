import { startFaultProxy, startRedis, waitFor, type RedisServer } from '@waiter/testkit';
import { Connection } from './connection';
import { Leadership, readLeader } from './leadership';

let redis: RedisServer;
const closers: (() => Promise<unknown>)[] = [];
let serial = 0;

beforeAll(async () => {
  redis = await startRedis();
});
afterEach(async () => {
  for (const close of closers.splice(0)) await close().catch(() => undefined);
});
afterAll(() => redis.stop());

async function candidate(cluster: string, url = redis.url): Promise<Leadership> {
  const connection = new Connection({ url, cluster });
  await connection.whenReady();
  const leadership = new Leadership(connection, {
    candidate: `c${(serial += 1)}`,
    leaseMs: 600,
    renewMs: 100,
  });
  closers.push(async () => {
    await Promise.race([leadership.resign(), new Promise((done) => setTimeout(done, 200))]);
    await connection.close();
  });
  leadership.start();
  return leadership;
}

describe('leadership', () => {
  it('scaling-and-schedulers case 26: has one leader; a second takes over when the first resigns, with a later epoch', async () => {
    const first = await candidate('resign');
    const epoch = await waitFor('the first leader', () => first.acting());
    const second = await candidate('resign');
    await new Promise((done) => setTimeout(done, 300));
    expect(second.acting()).toBeNull();
    await first.resign();
    expect(first.acting()).toBeNull();
    expect(await waitFor('the second leader', () => second.acting())).toBeGreaterThan(epoch);
  });

  it('a leader cut off stops acting before another can be elected', async () => {
    const proxy = await startFaultProxy({ targetPort: redis.port });
    const cut = await candidate('cut', `redis://127.0.0.1:${proxy.port}`);
    await waitFor('the first leader', () => cut.acting() !== null);
    const other = await candidate('cut');
    await proxy.stall();
    let together = 0;
    await waitFor(
      'the other to lead',
      () => {
        if (cut.acting() !== null && other.acting() !== null) together += 1;
        return other.acting() !== null;
      },
      { intervalMs: 1 },
    );
    expect(together).toBe(0);
    expect(cut.acting()).toBeNull();
    await proxy.stop();
  });

  it('tells who leads', async () => {
    const connection = new Connection({ url: redis.url, cluster: 'told' });
    closers.push(() => connection.close());
    expect(await readLeader(connection)).toBeNull();
    const leader = await candidate('told');
    await waitFor('a leader', () => leader.acting() !== null);
    expect(await readLeader(connection)).toMatchObject({ epoch: leader.acting() });
  });
});
