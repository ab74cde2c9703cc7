import { userInfo } from 'node:os';
import {
  builtInSettings,
  effectiveDescription,
  type InstanceId,
  type Json,
  type ServiceId,
  type WorkerId,
} from '@waiter/core';
import { startMiniMarathon } from '@waiter/mini-marathon';
import { createLogger, type Logger } from '@waiter/observability';
import { createMarathonScheduler, type MarathonOptions, type Scheduler } from '@waiter/scheduler';
import { NO_ERRAND, Queues, Store, type Grant, type InstanceSnapshot, type WorkerLoad } from '@waiter/store';
import {
  freePort,
  startRedis,
  temporaryDirectory,
  waitFor,
  type RedisOptions,
  type RedisServer,
} from '@waiter/testkit';
import { createScaler, scalerOptions, type Scaler, type ScalerOptions } from '..';

const CLUSTER = 'test';
const SETTINGS = builtInSettings(CLUSTER);
const SERVER = `require('http').createServer((q, r) => r.end('ok')).listen(process.env.PORT0)`;

/** Answers 200 to everything. */
export const SERVE = `exec ${process.execPath} -e "${SERVER}"`;

/** A scaler with connections of its own, as in a process of its own. */
export interface RunningScaler extends Scaler {
  readonly id: string;
  readonly scheduler: Scheduler;
  readonly lines: readonly string[];
}

/** What a router's event loop does, as far as the scaler can tell. */
export interface FakeWorker {
  readonly id: WorkerId;
  readonly granted: Grant[];
  /** Queues one request, reports it and nudges. */
  ask(id: ServiceId): Promise<void>;
  /** Nobody waits for a slot any more: what was queued gave up. */
  withdraw(id: ServiceId): Promise<void>;
  /** Reports demand, now and until something else is said. */
  /** @param more counters of the report, where a test depends on them */
  report(id: ServiceId, inFlight: number, queued: number, more?: Partial<WorkerLoad>): Promise<void>;
  giveBack(id: ServiceId, instanceId: InstanceId): Promise<void>;
  /** Reports nothing until the next `report`. */
  pause(): Promise<void>;
  stop(): Promise<void>;
}

export interface TestCluster {
  readonly redis: RedisServer;
  readonly marathonUrl: string;
  readonly store: Store;
  readonly queues: Queues;
  scaler(options?: Partial<ScalerOptions>, redisUrl?: string): Promise<RunningScaler>;
  worker(id: string): Promise<FakeWorker>;
  /** Registers a service as a router does. */
  service(name: string, cmd: string, parameters?: Readonly<Record<string, Json>>): Promise<ServiceId>;
  snapshot(id: ServiceId): Promise<InstanceSnapshot | null>;
  /** Waits until that many instances take requests. */
  open(id: ServiceId, count: number): Promise<InstanceSnapshot>;
  /** Ids of the apps that the scheduler has. */
  apps(): Promise<readonly string[]>;
  stop(): Promise<void>;
}

export async function startCluster(
  options: RedisOptions = {},
  marathonOptions: Partial<MarathonOptions> = {},
): Promise<TestCluster> {
  const stops: (() => Promise<unknown>)[] = [];
  const redis = await startRedis(options);
  stops.unshift(() => redis.stop());
  const directory = await temporaryDirectory('scaler');
  stops.unshift(() => directory.remove());
  const firstPort = await freePort();
  const range = Math.min(firstPort, 60_000);
  const marathon = await startMiniMarathon({
    port: 0,
    dataDir: directory.path,
    portRange: [range, range + 500],
  });
  stops.unshift(() => marathon.close());
  const connect = async (url: string): Promise<{ store: Store; queues: Queues }> => {
    const store = await Store.open({ url, cluster: CLUSTER });
    const queues = new Queues({ url, cluster: CLUSTER });
    stops.unshift(
      () => queues.close(),
      () => store.close(),
    );
    return { store, queues };
  };
  const marathonScheduler = (): Scheduler => {
    const scheduler = createMarathonScheduler({
      url: marathon.url,
      servicePrefix: SETTINGS.servicePrefix,
      ...marathonOptions,
    });
    stops.unshift(() => scheduler.close());
    return scheduler;
  };
  const { store, queues } = await connect(redis.url);
  const observer = marathonScheduler();
  let scalers = 0;

  const cluster: TestCluster = {
    redis,
    marathonUrl: marathon.url,
    store,
    queues,
    async scaler(given = {}, url = redis.url) {
      const id = `scaler-${++scalers}`;
      const own = await connect(url);
      const scheduler = marathonScheduler();
      const { logger, lines } = recordingLogger(id);
      const scaler = createScaler({
        ...own,
        scheduler,
        logger,
        options: scalerOptions({
          id,
          clusterName: CLUSTER,
          passwords: ['secret'],
          descriptions: SETTINGS,
          deploymentError: { minFailedInstances: 2, minHosts: 1 },
          tickMs: 300,
          interKillMs: 200,
          settleMs: 500,
          reconcileMs: 1_000,
          ...given,
        }),
      });
      let stopped: Promise<void> | undefined;
      const stop = (): Promise<void> => (stopped ??= scaler.stop());
      stops.unshift(stop);
      scaler.start();
      return {
        id,
        scheduler,
        lines,
        start: () => scaler.start(),
        stop,
        get leading() {
          return scaler.leading;
        },
      };
    },
    async worker(id) {
      const worker = await startWorker(id, store, queues);
      stops.unshift(() => worker.stop());
      return worker;
    },
    async service(name, cmd, parameters = {}) {
      const id = `${SETTINGS.servicePrefix}${name}-${Date.now().toString(16)}`;
      const description = {
        cmd,
        cpus: 0.1,
        mem: 64,
        version: '1',
        name,
        'run-as-user': userInfo().username,
        'permitted-user': '*',
        'health-check-url': '/',
        'scale-up-factor': 0.9,
        'scale-down-factor': 0.9,
        ...parameters,
      };
      const effective = effectiveDescription(description, SETTINGS);
      await store.services.ensure({ id, description, effective, sourceTokens: [] });
      return id;
    },
    snapshot: (id) => store.instances.get(id),
    open: (id, count) =>
      waitFor(
        `${count} open instances`,
        async () => {
          const snapshot = await store.instances.get(id);
          const open = snapshot?.instances.filter((each) => each.healthy && !each.draining) ?? [];
          return open.length === count && snapshot;
        },
        { timeoutMs: 20_000 },
      ),
    apps: async () => (await observer.list()).map(({ id }) => id),
    async stop() {
      // In the reverse order of their making, so that nothing loses what it talks to.
      for (const stop of stops) await stop();
    },
  };
  return cluster;
}

async function startWorker(id: string, store: Store, queues: Queues): Promise<FakeWorker> {
  const demand = new Map<
    ServiceId,
    Pick<WorkerLoad, 'inFlight' | 'queued' | 'total'> & Partial<WorkerLoad>
  >();
  const versions = new Map<ServiceId, number>();
  const granted: Grant[] = [];
  await store.members.heartbeat(id, true);
  const unsubscribe = await store.leases.subscribe(id, (message) => {
    if (message.type !== 'grant') return;
    versions.set(message.service, message.version);
    granted.push(...message.grants);
  });
  const beat = async (): Promise<void> => {
    await store.members.heartbeat(id, true);
    const loads = [...demand].map(
      ([service, load]) => [service, { ...load, oldestWaitMs: 0, lastRequestAtMs: lastUse }] as const,
    );
    await store.load.report(id, new Map(loads));
  };
  let lastUse = Date.now();
  let paused = false;
  const timer = setInterval(() => void (paused || beat().catch(() => undefined)), 250);
  const exchange = async (
    serviceId: ServiceId,
    want: number,
    giveBack: readonly (readonly [InstanceId, number])[],
  ): Promise<void> => {
    const now = Date.now();
    const reply = await store.leases.exchange({
      ...NO_ERRAND,
      workerId: id,
      serviceId,
      version: versions.get(serviceId) ?? 0,
      ordinary: { count: want, firstRank: now, step: 0 },
      fresh: want,
      giveBack,
    });
    versions.set(serviceId, reply.version);
    if (reply.status === 'ok') granted.push(...reply.grants);
  };
  const worker: FakeWorker = {
    id,
    granted,
    async ask(serviceId) {
      await store.leases.join(id, serviceId);
      await worker.report(serviceId, 0, 1);
      await exchange(serviceId, 1, []);
      await queues.nudge(serviceId);
    },
    async withdraw(serviceId) {
      await exchange(serviceId, 0, []);
      await worker.report(serviceId, 0, 0);
    },
    async report(serviceId, inFlight, queued, more = {}) {
      if (inFlight + queued > 0) lastUse = Date.now();
      paused = false;
      demand.set(serviceId, { inFlight, queued, total: 1, ...more });
      await beat();
    },
    giveBack: (serviceId, instanceId) => exchange(serviceId, 0, [[instanceId, 1]]),
    async pause() {
      paused = true;
    },
    async stop() {
      clearInterval(timer);
      await unsubscribe();
    },
  };
  return worker;
}

/** Keeps what is logged, for assertions; WAITER_TEST_LOGS=1 shows it. */
function recordingLogger(id: string): { logger: Logger; lines: string[] } {
  const lines: string[] = [];
  const shown = createLogger({
    name: id,
    level: process.env['WAITER_TEST_LOGS'] === '1' ? 'debug' : 'error',
    format: 'text',
    stream: process.stderr,
  });
  const over = (logger: Logger): Logger => {
    const write =
      (level: 'debug' | 'info' | 'warn' | 'error') =>
      (message: string, fields = {}): void => {
        lines.push(`${level} ${message}`);
        logger[level](message, fields);
      };
    return {
      debug: write('debug'),
      info: write('info'),
      warn: write('warn'),
      error: write('error'),
      child: (fields) => over(logger.child(fields)),
    };
  };
  return { logger: over(shown), lines };
}

// The other suites import this file; as a suite of its own it shows that the cluster starts and ends.
if (expect.getState().testPath === __filename) {
  test('a test cluster elects its only scaler and ends', async () => {
    const cluster = await startCluster();
    try {
      const scaler = await cluster.scaler();
      await waitFor('a leader', () => scaler.leading);
      await scaler.stop();
      expect(await cluster.store.leader()).toBeNull();
    } finally {
      await cluster.stop();
    }
  });
}
