import { createServer, type AddressInfo, type Socket } from 'node:net';
import { Store } from '@waiter/store';
import { publishedInstances, startRedis, waitFor, type RedisServer } from '@waiter/testkit';
import { DEFAULT_ROUTER_TIMEOUTS, routerOptions } from './options';
import { call } from './testing/call';
import { sendHalf, SPOKEN, type HalfRequest } from './testing/half-request';
import { authCookie, ON_THE_FLY, testLanes } from './testing/router-under-test';
import { startRouterWorker, type RouterWorker } from './worker';

/** After many requests that their clients gave up, wherever they were, nothing is left of them. */
const CLIENTS = 40;
const LEVEL = 500;

let redis: RedisServer;
let store: Store;
let worker: RouterWorker;
const instances = new Set<Socket>();

/** Answers `/`, begins an endless response to `/endless`, opens a WebSocket at `/ws`, and is silent else; reads what is sent. */
const instance = createServer((socket) => {
  instances.add(socket);
  socket.on('error', () => undefined).once('close', () => instances.delete(socket));
  socket.on('data', (bytes: Buffer) => {
    const path = bytes.toString('latin1', 0, 40).split(' ')[1];
    if (path === '/') socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
    if (path === '/ws')
      socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n');
    if (path !== '/endless') return;
    socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n');
    const timer = setInterval(() => socket.write('6\r\nnever!\r\n'), 50);
    socket.once('close', () => clearInterval(timer));
  });
});

beforeAll(async () => {
  redis = await startRedis();
  store = await Store.open({ url: redis.url, cluster: 'test' });
  await new Promise<void>((resolve) => instance.listen(0, '127.0.0.1', resolve));
  worker = await startRouterWorker(
    routerOptions({
      host: '127.0.0.1',
      port: 0,
      routerId: 'left',
      redis: { url: redis.url, cluster: 'test' },
      user: 'alice',
      lanes: { ...testLanes },
      timeouts: { ...DEFAULT_ROUTER_TIMEOUTS, instanceIdleTimeoutMs: 300, drainTimeoutMs: 5_000 },
    }),
  );
});

afterAll(async () => {
  await worker.close();
  await store.close();
  await redis.stop();
  for (const socket of instances) socket.destroy();
  await new Promise((resolve) => instance.close(resolve));
});

const served = { ...ON_THE_FLY, 'x-waiter-concurrency-level': String(LEVEL) };
/** A service of which there is no instance. */
const unserved = { ...ON_THE_FLY, 'x-waiter-version': 'unserved' };

async function gauge(name: string): Promise<number> {
  const family = (await worker.snapshot()).find((one) => one.name === name);
  return (family?.values ?? []).reduce((sum, { value }) => sum + value, 0);
}

async function demand(): Promise<{ inFlight: number; queued: number }> {
  const sum = { inFlight: 0, queued: 0 };
  for (const { inFlight, queued } of (await store.load.demand()).values()) {
    sum.inFlight += inFlight;
    sum.queued += queued;
  }
  return sum;
}

async function publish(): Promise<void> {
  const first = call(worker.port, { headers: served });
  const serviceId = await waitFor('the service to be known', async () => (await store.services.ids())[0]);
  const { port } = instance.address() as AddressInfo;
  await store.instances.publish(
    {
      serviceId,
      epoch: 1,
      requested: 1,
      scheduled: 1,
      failed: [],
      killed: [],
      deploymentError: null,
      instances: publishedInstances(serviceId, ['open']).map((one) => ({ ...one, port })),
    },
    { concurrencyLevel: LEVEL, loadBalancing: 'oldest' },
  );
  expect((await first).status).toBe(200);
}

/** Sockets and timers of this process, which are the router's, the clients' and the instance's. */
function open(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

const PHASES: readonly HalfRequest[] = [
  // Waiting for an instance, with and without an upload.
  { headers: unserved },
  { headers: unserved, body: { length: 100_000, sent: 5_000 } },
  // With an instance: before the response, in the middle of the request body, and of the response.
  { headers: served, path: '/silent' },
  { headers: served, path: '/silent', body: { length: 100_000, sent: 5_000 } },
  { headers: served, path: '/endless' },
];

const UPGRADE: HalfRequest = {
  path: '/ws',
  headers: {
    ...served,
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
    cookie: authCookie(),
  },
};

test('requests given up in every phase leave no slot, queue entry, socket or timer', async () => {
  await publish();
  const atRest = async (): Promise<boolean> => {
    const { inFlight, queued } = await demand();
    const gauges = (await gauge('waiter_requests_outstanding')) + (await gauge('waiter_websockets_open'));
    return gauges === 0 && inFlight === 0 && queued === 0 && instances.size === 0;
  };
  await waitFor('rest', atRest);
  // Counted in the same place as later: waiting has a timer as well.
  const before = await waitFor('a count', () => open());
  for (const spoken of SPOKEN) {
    const sent = PHASES.flatMap((request) =>
      Array.from({ length: CLIENTS }, () => ({ request, ...sendHalf(worker.port, spoken, request) })),
    );
    const upgrades = Array.from({ length: CLIENTS }, () => sendHalf(worker.port, 'HTTP/1.1', UPGRADE));
    const begun = [...sent.filter(({ request }) => request.path === '/endless'), ...upgrades];
    await waitFor('all to be where they are to be given up', async () => {
      if (begun.some((one) => one.status() === null)) return false;
      const { inFlight, queued } = await demand();
      return queued === 2 * CLIENTS && inFlight === 4 * CLIENTS;
    });
    for (const one of [...sent, ...upgrades]) one.leave();
    await waitFor(`nothing to be left of ${spoken}`, atRest);
  }
  await waitFor('sockets and timers to be as before', () => {
    const now = open();
    const more = ['TCPSocketWrap', 'Timeout'].filter((kind) => (now[kind] ?? 0) > (before[kind] ?? 0));
    if (more.length > 0) throw new Error(`${JSON.stringify(before)}, then ${JSON.stringify(now)}`);
    return true;
  });
  // And every slot can be used.
  const replies = await Promise.all(Array.from({ length: 20 }, () => call(worker.port, { headers: served })));
  expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([200]));
});
