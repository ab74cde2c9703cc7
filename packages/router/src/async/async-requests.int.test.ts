import { join } from 'node:path';
import { startKitchen, type RunningKitchen } from '@waiter/kitchen';
import { Store } from '@waiter/store';
import {
  sleep,
  startProcess,
  startRedis,
  waitFor,
  type RedisServer,
  type RunningProcess,
} from '@waiter/testkit';
import { DEFAULT_ROUTER_TIMEOUTS, routerOptions, type RouterOptions } from '../options';
import { call, type CallReply } from '../testing/call';
import { ON_THE_FLY } from '../testing/router-under-test';
import { startRouterWorker, type RouterWorker } from '../worker';

let redis: RedisServer;
let store: Store;
let kitchen: RunningKitchen;
let serial = 0;
const routers: RouterWorker[] = [];

beforeAll(async () => {
  redis = await startRedis();
  store = await Store.open({ url: redis.url, cluster: 'test' });
  kitchen = await startKitchen({ env: {} });
});

afterEach(async () => {
  await Promise.all(routers.splice(0).map((router) => router.close()));
});

afterAll(async () => {
  await kitchen.close();
  await store.close();
  await redis.stop();
});

const optionsOf = (given: Partial<RouterOptions> = {}) => ({
  host: '127.0.0.1',
  port: 0,
  routerId: `router-${(serial += 1)}`,
  redis: { url: redis.url, cluster: 'test' },
  user: 'alice',
  timeouts: { ...DEFAULT_ROUTER_TIMEOUTS, drainTimeoutMs: 5_000 },
  ...given,
});

async function startRouter(
  given: Partial<RouterOptions> = {},
  nudge?: (service: string) => void,
): Promise<RouterWorker> {
  const options = routerOptions(optionsOf(given));
  const router = await startRouterWorker(options, nudge === undefined ? {} : { nudge });
  routers.push(router);
  return router;
}

interface Service {
  readonly id: string;
  readonly headers: Record<string, string>;
}

/** A service with one instance, the kitchen, of so many slots. */
async function service(slots: number): Promise<Service> {
  const headers = {
    ...ON_THE_FLY,
    'x-waiter-name': `async-${(serial += 1)}`,
    'x-waiter-concurrency-level': String(slots),
  };
  let id: string | undefined;
  const router = await startRouter({}, (serviceId) => (id ??= serviceId));
  const first = call(router.port, { headers });
  const serviceId = await waitFor('the service', () => id);
  await publish(serviceId, slots);
  expect((await first).status).toBe(200);
  return { id: serviceId, headers };
}

async function publish(serviceId: string, slots: number, port = kitchen.port): Promise<void> {
  const instance = {
    id: `${serviceId}.i0`,
    serviceId,
    host: '127.0.0.1',
    port,
    extraPorts: [],
    startedAtMs: 1,
    healthy: true,
    draining: false,
    flags: [],
    healthCheckStatus: null,
    exitCode: null,
    message: null,
    logDirectory: null,
  };
  await store.instances.publish(
    {
      serviceId,
      epoch: 1,
      requested: 1,
      scheduled: 1,
      instances: [instance],
      failed: [],
      killed: [],
      deploymentError: null,
    },
    { concurrencyLevel: slots, loadBalancing: 'oldest' },
  );
}

const begin = async (
  port: number,
  of: Service,
  more: Record<string, string> = {},
): Promise<CallReply & { url: string }> => {
  const reply = await call(port, {
    path: '/async/request',
    headers: { ...of.headers, 'x-kitchen-delay-ms': '60000', ...more },
  });
  return { ...reply, url: String(reply.headers['location']) };
};
/** An API request: no description of a service. */
const ask = (
  port: number,
  path: string,
  method = 'GET',
  headers: Record<string, string> = {},
): Promise<CallReply> => call(port, { path, method, headers: { host: 'localhost', ...headers } });
const recorded = (of: Service): Promise<number> => store.asyncRequests.countOf(of.id);
const demand = async (of: Service): Promise<number> => (await store.load.demandOf(of.id)).inFlight;
const events = async (router: RouterWorker): Promise<Record<string, number>> => {
  const metric = (await router.snapshot()).find(({ name }) => name === 'waiter_async_requests_total');
  return Object.fromEntries((metric?.values ?? []).map(({ labels, value }) => [labels['event'], value]));
};
const takenOver = async (by: readonly RouterWorker[]): Promise<number> =>
  (await Promise.all(by.map(events))).reduce((sum, { 'taken-over': n = 0 }) => sum + n, 0);

describe.each([[{ http1: true }], [{ http1: false }]])('on two routers, lanes %j', (lanes) => {
  test('case 112 and case 113: accepted, asked about and fetched from any router', async () => {
    const of = await service(3);
    const [a, b] = [await startRouter({ lanes }), await startRouter({ lanes })];
    const reply = await begin(a.port, of, { 'x-kitchen-delay-ms': '600', 'x-cid': 'first-cid' });
    expect([reply.status, reply.complete]).toEqual([202, true]);
    expect(reply.url).toMatch(/^\/waiter-async\/(v2\/)?status\//);
    expect(reply.url).toContain(of.id);
    await waitFor('the record', async () => (await recorded(of)) === 1);
    await waitFor('the slot to be counted once', async () => (await demand(of)) === 1);
    expect(await events(a)).toMatchObject({ accepted: 1 });

    for (const { port } of [a, b]) {
      const status = await ask(port, reply.url);
      expect([status.status, status.headers['location']]).toEqual([200, undefined]);
    }
    const done = await waitFor('the result', async () => {
      const status = await ask(b.port, reply.url);
      return status.status === 303 && status;
    });
    const result = String(done.headers['location']);
    expect(result).toMatch(/^\/waiter-async\/(v2\/)?result\//);
    expect([await recorded(of), await demand(of)]).toEqual([1, 1]);

    const fetched = await ask(b.port, result);
    expect(fetched.status).toBe(200);
    expect(JSON.parse(fetched.text)).toMatchObject({ cid: 'first-cid' });
    await waitFor('its end', async () => (await recorded(of)) === 0 && (await demand(of)) === 0);
  });

  test('case 114: cancelled with 204 or 200, or not at all', async () => {
    const of = await service(3);
    const [a, b] = [await startRouter({ lanes }), await startRouter({ lanes })];
    const silent = await begin(a.port, of);
    expect((await ask(b.port, silent.url, 'DELETE')).status).toBe(204);
    for (const { port } of [a, b]) {
      const gone = await ask(port, silent.url);
      expect([gone.status, gone.headers['location']]).toEqual([410, undefined]);
    }
    await waitFor('its end', async () => (await recorded(of)) === 0);

    const said = await begin(a.port, of, { 'x-kitchen-204-on-async-cancel': 'false' });
    const deleted = await ask(b.port, said.url, 'DELETE');
    expect([deleted.status, deleted.text]).toEqual([200, expect.stringMatching(/^Deleted request-id /)]);
    await waitFor('its end', async () => (await recorded(of)) === 0);

    const stubborn = await begin(a.port, of, { 'x-kitchen-allow-async-cancel': 'false' });
    expect((await ask(b.port, stubborn.url, 'DELETE')).status).toBe(405);
    expect((await ask(b.port, stubborn.url)).status).toBe(200);
    expect(await recorded(of)).toBe(1);
    await ask(b.port, stubborn.url.replace('/status/', '/result/').replace('/async/status', '/async/status'));
    await waitFor('its end', async () => (await recorded(of)) === 0);
  });

  test('case 115: 202 without a location is an ordinary response', async () => {
    const of = await service(1);
    const a = await startRouter({ lanes });
    const reply = await call(a.port, { path: '/bad-status?status=202', headers: of.headers });
    expect([reply.status, reply.headers['location']]).toEqual([202, undefined]);
    expect((await call(a.port, { headers: of.headers })).status).toBe(200);
    expect([await recorded(of), (await events(a))['accepted']]).toEqual([0, undefined]);
  });
});

describe('slots', () => {
  test('an async request holds its slot until it is over, for requests on every router', async () => {
    const of = await service(1);
    const [a, b] = [await startRouter(), await startRouter()];
    const reply = await begin(a.port, of);
    await waitFor('the record', async () => (await recorded(of)) === 1);
    let served = 0;
    const waiting = [a, b].map(({ port }) => call(port, { headers: of.headers }).then(() => (served += 1)));
    await sleep(300);
    expect(served).toBe(0);
    expect(Math.max(...(await store.leases.usage(of.id)).values())).toBe(1);
    await ask(b.port, reply.url, 'DELETE');
    await Promise.all(waiting);
  });

  test('x-waiter-async-request-timeout ends it; the instance is asked no more often than agreed', async () => {
    const of = await service(1);
    const a = await startRouter();
    const startedAt = performance.now();
    await begin(a.port, of, {
      'x-waiter-async-request-timeout': '1000',
      'x-waiter-async-check-interval': '300',
    });
    const next = await call(a.port, { headers: of.headers });
    expect(next.status).toBe(200);
    expect(performance.now() - startedAt).toBeGreaterThan(950);
    const { checked = 0 } = await events(a);
    expect(checked).toBeGreaterThanOrEqual(2);
    expect(checked).toBeLessThanOrEqual(4);
  });

  test('a monitor that hears 410 ends it', async () => {
    const of = await service(1);
    const a = await startRouter();
    await begin(a.port, of, {
      'x-kitchen-delay-ms': '200',
      'x-kitchen-store-async-response-ms': '1',
      'x-waiter-async-check-interval': '300',
    });
    expect((await call(a.port, { headers: of.headers })).status).toBe(200);
    await waitFor('its end', async () => (await events(a))['over'] === 1);
  });

  test('an instance that dies ends it', async () => {
    const of = await service(2);
    const mortal = await startKitchen({ env: {} });
    await publish(of.id, 2, mortal.port);
    const a = await startRouter();
    const reply = await begin(a.port, of, { 'x-waiter-async-check-interval': '300' });
    expect(reply.status).toBe(202);
    await mortal.close(0);
    await waitFor('its end', async () => (await events(a))['failed'] === 1 && (await recorded(of)) === 0);
    await publish(of.id, 2);
    const gone = await ask(a.port, reply.url);
    expect([gone.status, gone.text]).toEqual([410, expect.stringContaining('is gone')]);
  });

  test('Redis that loses everything is told again, slot included', async () => {
    const of = await service(1);
    const a = await startRouter();
    const reply = await begin(a.port, of);
    await waitFor('the record', async () => (await recorded(of)) === 1);
    await redis.restart();
    await waitFor('the record', async () => (await recorded(of)) === 1);
    await publish(of.id, 1);
    expect([...(await store.leases.usage(of.id)).values()]).toEqual([1]);
    let served = false;
    const waiting = call(a.port, { headers: of.headers }).then(() => (served = true));
    await sleep(300);
    expect(served).toBe(false);
    expect((await ask(a.port, reply.url, 'DELETE')).status).toBe(204);
    await waiting;
  });

  test('while Redis is away requests begin and end; it learns of the rest when it is back', async () => {
    const of = await service(3);
    const a = await startRouter();
    // It holds two slots from then on, and needs nobody for them.
    const slow = { ...of.headers, 'x-kitchen-delay-ms': '300' };
    const both = await Promise.all([1, 2].map(() => call(a.port, { headers: slow })));
    expect(both.map(({ status }) => status)).toEqual([200, 200]);
    await redis.kill();
    await sleep(400);
    const short = { 'x-waiter-async-check-interval': '200' };
    const first = await begin(a.port, of, short);
    expect(first.status).toBe(202);
    const over = await begin(a.port, of, {
      ...short,
      'x-kitchen-delay-ms': '100',
      'x-kitchen-store-async-response-ms': '1',
    });
    expect(over.status).toBe(202);
    await waitFor('the end of one', async () => (await events(a))['over'] === 1);
    await redis.restart();
    await publish(of.id, 3);
    await waitFor('the record of the other', async () => (await recorded(of)) === 1);
    await waitFor('exact slots', async () => (await store.leases.usage(of.id)).get(`${of.id}.i0`) === 1);
    // Redis is told of the service again, as the scaler would tell it.
    expect((await call(a.port, { headers: of.headers })).status).toBe(200);
    expect((await ask(a.port, first.url, 'DELETE')).status).toBe(204);
    await waitFor('its end', async () => (await recorded(of)) === 0);
  });
});

describe('takeover', () => {
  let node: RunningProcess | undefined;
  afterEach(() => node?.kill());

  async function startNode(): Promise<number> {
    const main = join(__dirname, '..', 'testing', 'router-node-main.ts');
    const router = optionsOf();
    node = await startProcess({
      name: router.routerId,
      command: process.execPath,
      args: ['--require', 'esbuild-register', main, JSON.stringify({ workers: 1, router })],
      ready: /listening on \d+/,
    });
    return Number(/listening on (\d+)/.exec(node.output())?.[1]);
  }

  test('a router that dies loses neither the slot nor the request: another one looks after it', async () => {
    const of = await service(1);
    const port = await startNode();
    const b = await startRouter();
    const reply = await begin(port, of, { 'x-waiter-async-check-interval': '500' });
    await waitFor('the record', async () => (await recorded(of)) === 1);
    await node?.kill();
    let served = false;
    const waiting = call(b.port, { headers: of.headers }).then(() => (served = true));
    // By whoever is first: the router that made the service known lives too.
    await waitFor('the takeover', async () => (await takenOver(routers)) === 1, { timeoutMs: 15_000 });
    // The dead router is buried by now, or soon; its slot is not free for all that.
    await store.members.reap();
    await sleep(2_500);
    await store.members.reap();
    expect([served, await recorded(of), await demand(of)]).toEqual([false, 1, 1]);
    expect((await ask(b.port, reply.url)).status).toBe(200);
    expect((await ask(b.port, reply.url, 'DELETE')).status).toBe(204);
    await waiting;
  }, 60_000);

  test('a router that stops hands its requests over at once', async () => {
    const of = await service(1);
    const a = await startRouter();
    const others = [...routers.filter((router) => router !== a), await startRouter()];
    await begin(a.port, of, {
      'x-waiter-async-check-interval': '60000',
      'x-waiter-async-request-timeout': '600000',
    });
    await waitFor('the record', async () => (await recorded(of)) === 1);
    await a.close();
    await waitFor('the takeover', async () => (await takenOver(others)) === 1, { timeoutMs: 5_000 });
    expect(await recorded(of)).toBe(1);
  });
});

describe('addresses', () => {
  test('are taken only if Waiter made them', async () => {
    const of = await service(2);
    const a = await startRouter();
    const { url } = await begin(a.port, of);
    const forged = url.replace(String(kitchen.port), '1');
    expect((await ask(a.port, forged)).status).toBe(403);
    expect((await ask(a.port, url.replace('/async/status', '/environment'))).status).toBe(403);
    const malformed = await ask(a.port, '/waiter-async/status/a/b');
    expect([malformed.status, malformed.text]).toEqual([
      400,
      expect.stringContaining('Missing host, location'),
    ]);
    await ask(a.port, url, 'DELETE');
  });

  test('are for those who may use the service', async () => {
    const of = await service(2);
    const [a, b] = [await startRouter(), await startRouter({ user: 'mallory' })];
    const { url } = await begin(a.port, of);
    const refused = await ask(b.port, url);
    expect(refused.status).toBe(403);
    await ask(a.port, url, 'DELETE');
  });

  test('another password signs on, the old one still counts', async () => {
    const of = await service(2);
    const a = await startRouter({ passwords: ['old'] });
    const b = await startRouter({ passwords: ['new', 'old'] });
    const { url } = await begin(a.port, of);
    expect((await ask(b.port, url)).status).toBe(200);
    await ask(a.port, url, 'DELETE');
  });
});
