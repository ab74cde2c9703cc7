import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  freePort,
  processesWith,
  startProcess,
  startRedis,
  temporaryDirectory,
  waitFor,
  type RedisServer,
  type RunningProcess,
  type TemporaryDirectory,
} from '@waiter/testkit';

const WAITER = join(__dirname, '..', '..', '..', 'cli', 'bin', 'waiter.js');
const HOST = '127.0.0.1';
const READY_MS = 30_000;
const STOP_MS = 20_000;

export interface ClusterOptions {
  /** The router writes a request log. */
  readonly requestLog?: boolean;
  /** More settings for every role, `WAITER_...`. */
  readonly env?: Readonly<Record<string, string>>;
}

interface Role {
  readonly url: string;
  readonly process: RunningProcess;
}

/**
 * The smallest real cluster, as processes with the settings they are shipped with: Redis with AOF, mini-marathon, one
 * scaler, one router with one worker. (e2e has a fleet of its own, with settings that make tests quick.)
 */
export class Cluster {
  private readonly roles: Role[] = [];
  routerUrl = '';
  marathonUrl = '';
  /** Its status and metrics. */
  scalerUrl = '';

  private constructor(
    private readonly temporary: TemporaryDirectory,
    readonly redis: RedisServer,
    private readonly options: ClusterOptions,
  ) {}

  static async start(options: ClusterOptions): Promise<Cluster> {
    const directory = await temporaryDirectory('waiter-bench');
    let redis: RedisServer;
    try {
      const dir = join(directory.path, 'redis');
      mkdirSync(dir);
      redis = await startRedis({ appendonly: true, dir });
    } catch (error) {
      await directory.remove();
      throw error;
    }
    const cluster = new Cluster(directory, redis, options);
    try {
      await cluster.begin();
      return cluster;
    } catch (error) {
      await cluster.stop().catch(() => undefined);
      throw error;
    }
  }

  private async begin(): Promise<void> {
    this.marathonUrl = await this.role('mini-marathon', '/ping', (port) => ({
      WAITER_MINI_MARATHON_PORT: port,
      WAITER_MINI_MARATHON_DATA_DIR: this.dataDir,
    }));
    const shared = { WAITER_REDIS_URL: this.redis.url, WAITER_MARATHON_URLS: this.marathonUrl };
    this.scalerUrl = await this.role('scaler', '/status', (port) => ({
      ...shared,
      WAITER_SCALER_STATUS_PORT: port,
    }));
    this.routerUrl = await this.role('router', '/status', (port) => ({
      ...shared,
      WAITER_ROUTER_PORT: port,
      WAITER_ROUTER_HOST: HOST,
      WAITER_ROUTER_WORKERS: '1',
      ...(this.options.requestLog === true
        ? { WAITER_ROUTER_REQUEST_LOG: join(this.directory, 'request.log') }
        : {}),
    }));
    await waitFor('a leader', () => answersOk(`${this.routerUrl}/state/leader`), {
      timeoutMs: READY_MS,
    });
  }

  private async role(
    name: string,
    readyPath: string | null,
    env: (port: string) => Readonly<Record<string, string>>,
  ): Promise<string> {
    const port = await freePort();
    const url = `http://${HOST}:${port}`;
    const running = await startProcess({
      name,
      command: process.execPath,
      args: [WAITER, name],
      env: { ...env(String(port)), ...this.options.env },
      ...(readyPath === null ? {} : { ready: () => answersOk(url + readyPath) }),
      readyTimeoutMs: READY_MS,
    });
    this.roles.push({ url, process: running });
    return url;
  }

  /** Removed by `stop`. */
  get directory(): string {
    return this.temporary.path;
  }

  private get dataDir(): string {
    return join(this.directory, 'mini-marathon');
  }

  /** Where a task's output is. */
  stdoutOf(taskId: string): string {
    return join(this.dataDir, 'sandboxes', taskId, 'stdout');
  }

  /** Of the router: its control process, whose child is the worker. */
  get routerPid(): number {
    return this.roles.find(({ url }) => url === this.routerUrl)?.process.pid ?? 0;
  }

  get scalerPid(): number {
    return this.roles.find(({ url }) => url === this.scalerUrl)?.process.pid ?? 0;
  }

  /** Its children are the instances. */
  get marathonPid(): number {
    return this.roles.find(({ url }) => url === this.marathonUrl)?.process.pid ?? 0;
  }

  /** Of everything else; instances are children of mini-marathon. */
  get otherPids(): number[] {
    return [this.redis.pid, ...this.roles.map(({ process: { pid } }) => pid)].filter(
      (pid) => pid !== this.routerPid,
    );
  }

  /** The newest output of every role: what to look at when a measurement fails. */
  logs(): string {
    return this.roles.map(({ process: running }) => running.output().slice(-4_000)).join('\n');
  }

  /** Routers first, Redis last. @throws Error when a process is left behind */
  async stop(): Promise<void> {
    for (const { process: running } of this.roles.reverse()) await running.stop(STOP_MS);
    await this.redis.stop();
    const left = processesWith(this.temporary.path);
    await this.temporary.remove();
    if (left.length > 0) throw new Error(`left behind: ${JSON.stringify(left)}`);
  }
}

async function answersOk(url: string): Promise<boolean> {
  const answer = await fetch(url);
  await answer.body?.cancel();
  return answer.status === 200;
}

/** Runs `work` with a cluster and stops that whatever happens; on failure its logs go to stderr. */
export async function withCluster<T>(
  work: (cluster: Cluster) => Promise<T>,
  options: ClusterOptions = {},
): Promise<T> {
  const cluster = await Cluster.start(options);
  try {
    return await work(cluster);
  } catch (error) {
    process.stderr.write(`${cluster.logs()}\n`);
    throw error;
  } finally {
    await cluster.stop();
  }
}
