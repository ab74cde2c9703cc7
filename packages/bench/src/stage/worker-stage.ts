import { join } from 'node:path';
import { Store } from '@waiter/store';
import {
  freePort,
  startProcess,
  startRedis,
  temporaryDirectory,
  waitFor,
  type RunningProcess,
} from '@waiter/testkit';
import { instanceCommand, prepareInstances, protocolOf, type InstanceKind, type Protocol } from './instances';
import { listens } from './listens';
import { CONCURRENCY_LEVEL, INSTANCES, TOKEN, type OpenStage, type Proxy } from './stage';

const HOST = '127.0.0.1';
const WORKER = join(__dirname, '..', 'programs', 'worker.js');

interface RouterStore {
  readonly url: string;
  readonly cluster: string;
}

/**
 * The data plane alone: a router worker, Redis, and instances of which Redis is told by hand. It starts in a second:
 * for work on the lane, with `NODE_OPTIONS=--cpu-prof` for a profile.
 */
export async function withWorkerStage<T>(
  kind: InstanceKind,
  work: (stage: OpenStage) => Promise<T>,
): Promise<T> {
  const running: { stop(): Promise<unknown> }[] = [];
  try {
    const directory = await temporaryDirectory('waiter-bench');
    running.push({ stop: () => directory.remove() });
    prepareInstances(directory.path);
    const redis = await startRedis();
    running.push(redis);
    const instances: RunningProcess[] = [];
    const ports: number[] = [];
    for (let i = 0; i < INSTANCES; i += 1) {
      const port = await freePort();
      const one = await startProcess({
        name: `instance ${i}`,
        command: '/bin/sh',
        args: ['-c', instanceCommand(kind, directory.path)],
        env: { PORT0: String(port), NODE_OPTIONS: undefined },
        ready: () => listens(port),
      });
      running.push(one);
      instances.push(one);
      ports.push(port);
    }
    const store = { url: redis.url, cluster: 'bench' };
    const startRouter = async (workers: number): Promise<Proxy> => {
      const started = await startWorkers(workers, store, directory.path);
      running.push(started.process);
      return started.proxy;
    };
    const router = await startRouter(1);
    await introduce(store, router.url, ports, protocolOf(kind));
    return await work({
      router,
      startRouter,
      ports,
      otherPids: [redis.pid, ...instances.map(({ pid }) => pid)],
      directory: directory.path,
      redisPort: redis.port,
    });
  } finally {
    for (const one of running.reverse()) await one.stop();
  }
}

/** A router of so many workers, without control process. */
async function startWorkers(
  workers: number,
  redis: RouterStore,
  directory: string,
): Promise<{ readonly proxy: Proxy; readonly process: RunningProcess }> {
  const port = await freePort();
  const routerId = `bench-${port}`;
  const requestLog = { file: join(directory, `${routerId}.log`) };
  const started = await startProcess({
    name: 'router worker',
    command: process.execPath,
    args: [
      ...(process.env['BENCH_NODE_FLAGS']?.split(' ') ?? []),
      WORKER,
      JSON.stringify({ routerId, redis, user: 'bench', host: HOST, port, requestLog }),
      String(workers),
    ],
    ready: new RegExp(`(listening on \\d+\\s+){${workers}}`),
  });
  const proxy = {
    name: workers === 1 ? 'router' : `router, ${workers} workers`,
    url: `http://${HOST}:${port}`,
    pid: started.pid,
    memoryInUse: () => memoryInUse(started),
  };
  return { proxy, process: started };
}

/** What a scaler would do: the token's service gets its instances. */
async function introduce(
  redis: RouterStore,
  url: string,
  ports: readonly number[],
  protocol: Protocol,
): Promise<void> {
  const store = await Store.open(redis);
  try {
    const data = { cmd: 'serve', 'cmd-type': 'shell', cpus: 0.1, mem: 64, version: '1', name: 'bench' };
    const more = { 'run-as-user': 'bench', owner: 'bench', 'concurrency-level': CONCURRENCY_LEVEL };
    const spread = { 'load-balancing': 'random' };
    const spoken = protocol === 'h2c' ? { 'backend-proto': 'h2c' } : {};
    await store.tokens.write({ name: TOKEN, data: { ...data, ...more, ...spread, ...spoken } });
    const headers = { 'x-waiter-token': TOKEN, 'x-waiter-debug': '1', 'x-waiter-queue-timeout': '50' };
    const refused = await fetch(url, { headers });
    const serviceId = refused.headers.get('x-waiter-service-id');
    if (serviceId === null) throw new Error(`no service: ${refused.status} ${await refused.text()}`);
    const instances = ports.map((port, n) => ({
      id: `${serviceId}.${n}`,
      serviceId,
      host: HOST,
      port,
      extraPorts: [],
      startedAtMs: n,
      healthy: true,
      flags: [],
      healthCheckStatus: null,
      exitCode: null,
      message: null,
      logDirectory: null,
      draining: false,
    }));
    const counts = { requested: INSTANCES, scheduled: INSTANCES, failed: [], killed: [] };
    await store.instances.publish(
      { serviceId, epoch: 1, ...counts, instances, deploymentError: null },
      { concurrencyLevel: CONCURRENCY_LEVEL, loadBalancing: 'random' },
    );
    const served = await fetch(url, { headers: { 'x-waiter-token': TOKEN } });
    if (served.status !== 200) throw new Error(`not served: ${served.status} ${await served.text()}`);
  } finally {
    await store.close();
  }
}

/** Bytes that are really in use, after a full collection (see the program). */
async function memoryInUse(worker: RunningProcess): Promise<number> {
  const before = worker.output().length;
  process.kill(worker.pid, 'SIGUSR2');
  const told = await waitFor(
    'the memory of the worker',
    () => /^memory (.*)\n/m.exec(worker.output().slice(before))?.[1],
  );
  const { heapUsed, external } = JSON.parse(told) as NodeJS.MemoryUsage;
  return heapUsed + external;
}
