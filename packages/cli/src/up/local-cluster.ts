import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { CompiledConfig } from '@waiter/config';
import { environmentOf } from '@waiter/config';
import { startRole, type Child } from './child';
import { DataDirectoryLock } from './lock';
import { freePort, startOwnRedis } from './own-redis';

export interface LocalClusterOptions {
  readonly config: CompiledConfig;
  readonly routers: number;
  readonly scalers: number;
  /** Null starts one under the data directory. */
  readonly redisUrl: string | null;
  /** Null starts a mini-marathon. */
  readonly marathonUrl: string | null;
}

/** A child may take this long to end, instances and requests in flight included. */
const STOP_GRACE_MS = 45_000;

/** Redis, mini-marathon, scalers and routers as processes of this machine, started and stopped in order. */
export class LocalCluster {
  private readonly children: Child[] = [];
  readonly routerUrls: string[] = [];
  marathonUrl = '';
  redisUrl = '';
  readonly dataDir: string;
  private lock: DataDirectoryLock | undefined;
  private stopping: Promise<void> | undefined;

  private constructor(private readonly options: LocalClusterOptions) {
    this.dataDir = resolve(options.config.dataDir);
  }

  /** Starts everything; what was started is stopped again when something fails. */
  static async start(
    options: LocalClusterOptions,
    onProgress: (text: string) => void = () => undefined,
  ): Promise<LocalCluster> {
    const cluster = new LocalCluster(options);
    try {
      await cluster.begin(onProgress);
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  private async begin(onProgress: (text: string) => void): Promise<void> {
    const { config, routers, scalers, redisUrl, marathonUrl } = this.options;
    this.lock = await DataDirectoryLock.take(this.dataDir);
    mkdirSync(this.logs, { recursive: true });
    this.redisUrl = redisUrl ?? (await this.ownRedis());
    onProgress(`redis      ${this.redisUrl}`);
    this.marathonUrl = marathonUrl ?? (await this.ownMarathon());
    onProgress(`marathon   ${this.marathonUrl}`);
    for (let n = 1; n <= scalers; n += 1) await this.role(`scaler-${n}`, ['scaler'], {});
    onProgress(`scalers    ${scalers}`);
    for (let n = 0; n < routers; n += 1) {
      const port = config.router.port === 0 ? await freePort() : config.router.port + n;
      const router = await this.role(`router-${n + 1}`, ['router'], {
        WAITER_ROUTER_PORT: String(port),
        ...(routers > 1 ? { WAITER_ROUTER_ID: `${config.router.id}-${n + 1}` } : {}),
      });
      const url = router.url ?? `http://127.0.0.1:${port}`;
      this.routerUrls.push(url);
      onProgress(`router     ${url}`);
    }
  }

  private get logs(): string {
    return join(this.dataDir, 'logs');
  }

  private add(child: Child): Child {
    this.children.unshift(child);
    this.lock?.add(child.name, child.pid);
    return child;
  }

  private async ownRedis(): Promise<string> {
    const { child, url } = await startOwnRedis(this.dataDir, join(this.logs, 'redis.log'));
    this.add(child);
    return url;
  }

  private async ownMarathon(): Promise<string> {
    const child = await this.role('mini-marathon', ['mini-marathon'], {
      WAITER_MINI_MARATHON_PORT: '0',
      WAITER_MINI_MARATHON_DATA_DIR: join(this.dataDir, 'mini-marathon'),
    });
    return child.url ?? '';
  }

  private async role(name: string, args: readonly string[], own: Record<string, string>): Promise<Child> {
    const env = {
      ...environmentOf(this.options.config),
      WAITER_REDIS_URL: this.redisUrl,
      ...(this.marathonUrl === '' ? {} : { WAITER_MARATHON_URLS: this.marathonUrl }),
      ...own,
    };
    return this.add(await startRole(name, args, env, join(this.logs, `${name}.log`)));
  }

  /** Resolves with the name of the first process that ends by itself; never once the cluster is being stopped. */
  firstExit(): Promise<string> {
    return new Promise((resolve) => {
      for (const { exited, name } of this.children) {
        void exited.then(() => {
          if (this.stopping === undefined) resolve(name);
        });
      }
    });
  }

  /** Routers first, Redis last; nothing is left behind. */
  stop(): Promise<void> {
    this.stopping ??= this.end();
    return this.stopping;
  }

  private async end(): Promise<void> {
    const groups = new Map<string, Child[]>();
    for (const child of this.children) {
      const kind = child.name.replace(/-\d+$/, '');
      groups.set(kind, [...(groups.get(kind) ?? []), child]);
    }
    for (const group of groups.values()) await Promise.all(group.map((child) => child.stop(STOP_GRACE_MS)));
    this.lock?.release();
  }
}
