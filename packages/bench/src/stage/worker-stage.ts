import { join } from 'node:path';
import { Store } from '@waiter/store';
import { freePort, startProcess, startRedis, temporaryDirectory, type RunningProcess } from '@waiter/testkit';
import { instanceCommand, prepareInstances, type InstanceKind } from './instances';
import { CONCURRENCY_LEVEL, INSTANCES, TOKEN, type Stage } from './stage';

const HOST = '127.0.0.1';
const WORKER = join(__dirname, '..', 'programs', 'worker.js');

/**
 * The data plane alone: a router worker, Redis, and instances of which Redis is told by hand. It starts in a second:
 * for work on the lane, with `NODE_OPTIONS=--cpu-prof` for a profile.
 */
export async function withWorkerStage<T>(kind: InstanceKind, work: (stage: Stage) => Promise<T>): Promise<T> {
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
        ready: async () => (await fetch(`http://${HOST}:${port}/`)).status === 200,
      });
      running.push(one);
      instances.push(one);
      ports.push(port);
    }
    const router = { routerId: 'bench', redis: { url: redis.url, cluster: 'bench' }, user: 'bench' };
    const worker = await startProcess({
      name: 'router worker',
      command: process.execPath,
      args: [
        ...(process.env['BENCH_NODE_FLAGS']?.split(' ') ?? []),
        WORKER,
        JSON.stringify({
          ...router,
          host: HOST,
          port: 0,
          requestLog: { file: join(directory.path, 'request.log') },
        }),
      ],
      ready: /listening on \d+/,
    });
    running.push(worker);
    const url = `http://${HOST}:${/listening on (\d+)/.exec(worker.output())?.[1]}`;
    await introduce(router.redis, url, ports);
    return await work({
      router: { name: 'router', url, pid: worker.pid },
      ports,
      otherPids: [redis.pid, ...instances.map(({ pid }) => pid)],
      directory: directory.path,
      redisPort: redis.port,
    });
  } finally {
    for (const one of running.reverse()) await one.stop();
  }
}

/** What a scaler would do: the token's service gets its instances. */
async function introduce(
  redis: { readonly url: string; readonly cluster: string },
  url: string,
  ports: readonly number[],
): Promise<void> {
  const store = await Store.open(redis);
  try {
    const data = { cmd: 'serve', 'cmd-type': 'shell', cpus: 0.1, mem: 64, version: '1', name: 'bench' };
    const more = { 'run-as-user': 'bench', owner: 'bench', 'concurrency-level': CONCURRENCY_LEVEL };
    const spread = { 'load-balancing': 'random' };
    await store.tokens.write({ name: TOKEN, data: { ...data, ...more, ...spread } });
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
