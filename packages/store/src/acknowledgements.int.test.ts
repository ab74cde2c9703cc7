import { type RedisServer, startRedis } from '@waiter/testkit';
import { Acknowledgements } from './acknowledgements';
import { Connection } from './connection';
import { ChangeFeed, type ChangeNotice } from './events';

let redis: RedisServer;
const connections: Connection[] = [];

async function connect(): Promise<Connection> {
  const connection = new Connection({ url: redis.url, cluster: 'test' });
  connections.push(connection);
  await connection.whenReady();
  return connection;
}

beforeAll(async () => {
  redis = await startRedis();
});

afterEach(async () => {
  await Promise.all(connections.splice(0).map((connection) => connection.close()));
});

afterAll(() => redis.stop());

/** Publishes one notice that asks to be acknowledged. */
async function tell(from: Connection, acknowledgements: Acknowledgements): Promise<boolean> {
  const { ack, seenBy } = await acknowledgements.expect();
  const notice = JSON.stringify({ type: 'token', token: 't', ack });
  return seenBy(await from.redis.publish(from.keys.eventsChannel(), notice));
}

test('a writer waits for all listeners of all connections, each of which answers once', async () => {
  const writer = await connect();
  const acknowledgements = new Acknowledgements(writer, 5_000);
  expect(await tell(writer, acknowledgements)).toBe(true);

  const heard: ChangeNotice[] = [];
  const listen = (feed: ChangeFeed): Promise<() => void> =>
    feed.subscribe(
      (notice) => heard.push(notice),
      () => undefined,
    );
  const [one, two] = [await connect(), await connect()];
  const stop = await listen(new ChangeFeed(one));
  await listen(new ChangeFeed(one));
  await listen(new ChangeFeed(two));
  for (let round = 1; round <= 20; round += 1) {
    expect(await tell(writer, acknowledgements)).toBe(true);
    expect(heard).toHaveLength(3 * round);
  }
  expect(heard[0]).toEqual({ type: 'token', token: 't' });

  // The other listener of this connection stays.
  stop();
  heard.length = 0;
  expect(await tell(writer, acknowledgements)).toBe(true);
  expect(heard).toHaveLength(2);
});

test('a subscriber that never answers delays a writer only so long', async () => {
  const writer = await connect();
  const silent = await connect();
  await silent.subscriptions().subscribe(silent.keys.eventsChannel());
  expect(await tell(writer, new Acknowledgements(writer, 50))).toBe(false);
});

test('after an interruption caches are void only once the subscription stands again', async () => {
  const writer = await connect();
  const reader = await connect();
  const heard: string[] = [];
  await new ChangeFeed(reader).subscribe(
    ({ type }) => heard.push(type),
    () => {
      heard.push('interruption');
      void tell(writer, acknowledgements).then((seen) => heard.push(`seen ${seen}`));
    },
  );
  const acknowledgements = new Acknowledgements(writer, 5_000);
  await writer.redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
  const deadline = Date.now() + 10_000;
  while (heard.length < 3 && Date.now() < deadline) await new Promise((next) => setTimeout(next, 5));
  expect(heard).toEqual(['interruption', 'token', 'seen true']);
});
