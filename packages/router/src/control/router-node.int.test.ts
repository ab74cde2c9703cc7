import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { get } from 'node:https';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { selfSigned, startKitchen, type RunningKitchen } from '@waiter/kitchen';
import { Queues, Store } from '@waiter/store';
import { processesWith, startProcess, startRedis, temporaryDirectory, waitFor } from '@waiter/testkit';
import type { RedisServer, RunningProcess } from '@waiter/testkit';
import { DEFAULT_ROUTER_TIMEOUTS, type TlsOptions } from '../options';
import { call } from '../testing/call';
import { ON_THE_FLY } from '../testing/router-under-test';

let redis: RedisServer;
let store: Store;
let kitchen: RunningKitchen;
let count = 0;
const nodes: RunningProcess[] = [];

beforeAll(async () => {
  redis = await startRedis();
  store = await Store.open({ url: redis.url, cluster: 'test' });
  kitchen = await startKitchen({ env: {} });
});

afterAll(async () => {
  await kitchen.close();
  await store.close();
  await redis.stop();
});

interface Node {
  readonly process: RunningProcess;
  readonly port: number;
  /** In the command line of the node and of its workers. */
  readonly mark: string;
  readonly routerId: string;
}

async function startNode(drainTimeoutMs = 10_000, given: { readonly tls?: TlsOptions } = {}): Promise<Node> {
  const routerId = `node-${(count += 1)}`;
  const mark = `mark-${process.pid}-${count}-${Math.random().toString(36).slice(2)}`;
  const router = {
    routerId,
    redis: { url: redis.url, cluster: 'test' },
    user: 'alice',
    timeouts: { ...DEFAULT_ROUTER_TIMEOUTS, drainTimeoutMs },
    ...given,
  };
  const main = join(__dirname, '..', 'testing', 'router-node-main.ts');
  const started = await startProcess({
    name: routerId,
    command: process.execPath,
    args: ['--require', 'esbuild-register', main, JSON.stringify({ workers: 2, router }), mark],
    ready: /listening on \d+/,
  });
  nodes.push(started);
  const port = Number(/listening on (\d+)/.exec(started.output())?.[1]);
  return { process: started, port, mark, routerId };
}

afterEach(async () => {
  for (const node of nodes.splice(0)) await node.kill();
});

const workersOf = (node: Node): number[] =>
  processesWith(node.mark)
    .filter(({ cmdline }) => cmdline.includes('router-worker-main'))
    .map(({ pid }) => pid);

const isDraining = async ({ routerId }: Node): Promise<boolean> =>
  (await store.members.routers()).some(({ id, draining }) => id === routerId && draining);

const headers = { ...ON_THE_FLY, 'x-waiter-concurrency-level': '10', 'x-waiter-debug': 'true' };
/** Publishes the kitchen as the only instance of a service, as a leader would. */
async function publish(serviceId: string): Promise<void> {
  const instance = {
    id: `${serviceId}.1`,
    serviceId,
    host: '127.0.0.1',
    port: kitchen.port,
    extraPorts: [],
    startedAtMs: 1,
    healthy: true,
    flags: [],
    healthCheckStatus: null,
    exitCode: null,
    message: null,
    logDirectory: null,
    draining: false,
  };
  const snapshot = {
    serviceId,
    epoch: 1,
    requested: 1,
    scheduled: 1,
    failed: [],
    killed: [],
    deploymentError: null,
  };
  await store.instances.publish(
    { ...snapshot, instances: [instance] },
    { concurrencyLevel: 10, loadBalancing: 'oldest' },
  );
}

test('an unknown service is recorded and nudged; its request is answered once an instance is published', async () => {
  const node = await startNode();
  const waiting = call(node.port, { path: '/hello', headers });
  const queue = new Queues({ url: redis.url, cluster: 'test' });
  const job = await waitFor('the nudge', async () => (await queue.queue('scaling').getWaiting())[0]);
  expect(job.name).toBe('evaluate');
  const { serviceId } = job.data as { serviceId: string };
  expect(await store.services.ids()).toContain(serviceId);
  expect((await store.load.demandOf(serviceId)).queued).toBe(1);
  await publish(serviceId);
  const reply = await waiting;
  expect([reply.status, reply.text]).toEqual([200, 'Hello World']);
  expect(reply.headers['x-waiter-service-id']).toBe(serviceId);
  await queue.close();

  const api = await call(node.port, { path: '/apps?x=1', headers: { 'x-cid': 'mine', host: 'localhost' } });
  const seen = JSON.parse(api.text) as { url: string; headers: Record<string, string>; socket: string };
  expect(seen.url).toBe('/apps?x=1');
  expect(seen.headers).toMatchObject({ host: 'localhost', 'x-cid': 'mine' });
  expect([api.headers['x-cid'], String(api.headers['server'])]).toEqual(['mine', 'waiter/0.1.0']);

  expect((await store.members.routers()).map(({ id }) => id)).toContain(node.routerId);
  expect(existsSync(seen.socket)).toBe(true);
  await node.process.stop();
  expect(existsSync(seen.socket)).toBe(false);
  expect((await store.members.routers()).map(({ id }) => id)).not.toContain(node.routerId);
});

test('every worker speaks TLS on the second port; the API hears of it', async () => {
  const directory = await temporaryDirectory('waiter-tls-node');
  const { cert, key } = await selfSigned();
  const [certFile, keyFile] = [join(directory.path, 'crt'), join(directory.path, 'key')];
  await writeFile(certFile, cert);
  await writeFile(keyFile, key);
  const certificates = [{ certFile, keyFile }];
  const node = await startNode(10_000, {
    tls: { port: 0, certificates, minVersion: 'TLSv1.2', reloadMs: 1_000 },
  });
  const ports = [...node.process.output().matchAll(/worker ready.*tlsPort\D+(\d+)/g)].map(
    (match) => match[1],
  );
  expect(ports).toHaveLength(2);
  expect(ports[1]).toBe(ports[0]);
  const ask = (): Promise<string> =>
    new Promise((resolve, reject) => {
      const options = { port: ports[0], host: '127.0.0.1', path: '/apps', ca: cert, agent: false };
      get(options, (reply) => {
        let text = '';
        reply.setEncoding('utf8').on('data', (piece: string) => (text += piece));
        reply.on('end', () => resolve(text));
      }).on('error', reject);
    });
  for (let i = 0; i < 4; i += 1) {
    const { headers: heard } = JSON.parse(await ask()) as { headers: Record<string, string> };
    expect(heard['x-forwarded-proto']).toBe('https');
  }
  await node.process.stop();
  await directory.remove();
});

test('SIGTERM: what is in flight ends, new connections are refused, leases go back', async () => {
  const node = await startNode();
  const slow = call(node.port, { path: '/hello', headers: { ...headers, 'x-kitchen-delay-ms': '800' } });
  const state = async (): Promise<number> => {
    const { text } = await call(kitchen.port, { path: '/kitchen-state' });
    return (JSON.parse(text) as Record<string, number>)['pending-http-requests'] ?? 0;
  };
  await waitFor('the request to be in flight', async () => (await state()) > 0);
  node.process.signal('SIGTERM');
  await waitFor('new connections to be refused', () =>
    call(node.port).then(
      () => false,
      (error: NodeJS.ErrnoException) => error.code === 'ECONNREFUSED',
    ),
  );
  const reply = await slow;
  expect([reply.status, reply.text, reply.headers['connection']]).toEqual([200, 'Hello World', 'close']);
  expect(await node.process.exited).toEqual({ code: 0, signal: null });
  expect((await store.members.workers()).filter((id) => id.startsWith(`${node.routerId}/`))).toEqual([]);
});

test('SIGTERM: what does not end in time is cut, and the node ends', async () => {
  const node = await startNode(500);
  const endless = call(node.port, {
    path: '/hello',
    headers: { ...headers, 'x-kitchen-delay-ms': '60000' },
  }).catch((error: NodeJS.ErrnoException) => error.code);
  await sleep(200);
  node.process.signal('SIGTERM');
  expect(await endless).toBe('ECONNRESET');
  expect((await node.process.exited).code).toBe(0);
});

test('SIGTERM: a request that waits for an instance is served when one comes in time', async () => {
  const node = await startNode();
  const known = new Set(await store.services.ids());
  const ownHeaders = { ...headers, 'x-waiter-version': 'comes-late' };
  const waiting = call(node.port, { path: '/hello', headers: ownHeaders });
  const serviceId = await waitFor('the service to be known', async () =>
    (await store.services.ids()).find((id) => !known.has(id)),
  );
  node.process.signal('SIGTERM');
  await waitFor('the drain to begin', () => isDraining(node));
  await publish(serviceId);
  expect((await waiting).status).toBe(200);
  expect(await node.process.exited).toEqual({ code: 0, signal: null });
});

test.each(['SIGTERM', 'SIGINT'] as const)('%s once more ends node and workers at once', async (signal) => {
  const node = await startNode(60_000);
  const [oneWorker] = workersOf(node);
  if (oneWorker === undefined) throw new Error('no worker');
  const endless = call(node.port, {
    path: '/hello',
    headers: { ...headers, 'x-kitchen-delay-ms': '60000' },
  }).catch((error: NodeJS.ErrnoException) => error.code);
  await waitFor('the request to be in flight', async () => {
    const { text } = await call(kitchen.port, { path: '/kitchen-state' });
    return ((JSON.parse(text) as Record<string, number>)['pending-http-requests'] ?? 0) > 0;
  });
  node.process.signal(signal);
  await waitFor('the drain to begin', () => isDraining(node));
  // The first signal and its echo are one.
  await sleep(400);
  node.process.signal(signal);
  expect((await node.process.exited).code).toBe(signal === 'SIGTERM' ? 143 : 130);
  expect(await endless).toBe('ECONNRESET');
  await waitFor('the workers to end', () => processesWith(node.mark).length === 0);
});

test('SIGKILL of the control process ends its workers at once', async () => {
  const node = await startNode();
  expect(workersOf(node)).toHaveLength(2);
  await node.process.kill();
  await waitFor('the workers to end', () => processesWith(node.mark).length === 0, { timeoutMs: 2_000 });
});

test('a worker that dies is replaced under a new id', async () => {
  const node = await startNode();
  const [victim] = workersOf(node);
  if (victim === undefined) throw new Error('no worker');
  process.kill(victim, 'SIGKILL');
  await waitFor('another worker', () => /worker ready.*\/3/.test(node.process.output()));
  expect(workersOf(node)).toHaveLength(2);
  expect(workersOf(node)).not.toContain(victim);
  for (let i = 0; i < 4; i += 1) expect((await call(node.port, { headers })).status).toBe(200);
  await node.process.stop();
});

test('a port that is taken ends the start with the reason', async () => {
  const main = join(__dirname, '..', 'testing', 'router-node-main.ts');
  const router = {
    routerId: 'taken',
    redis: { url: redis.url, cluster: 'test' },
    user: 'alice',
    port: kitchen.port,
  };
  const started = startProcess({
    name: 'taken',
    command: process.execPath,
    args: ['--require', 'esbuild-register', main, JSON.stringify({ workers: 2, router })],
    ready: /listening on \d+/,
  });
  await expect(started).rejects.toThrow(/EADDRINUSE/);
});
