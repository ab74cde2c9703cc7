import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { selfSigned } from '@waiter/kitchen';
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
import { FleetClient } from './fleet-client';

const WAITER = join(__dirname, '..', '..', 'cli', 'bin', 'waiter.js');

export interface FleetOptions {
  readonly routers?: number;
  /** Workers of each router. */
  readonly workers?: number;
  readonly scalers?: number;
  /** Runs services on `first`, the default, and on `second`, which the parameter `scheduler` picks. */
  readonly twoMarathons?: boolean;
  /** Has a second mini-marathon on the same data that stands by. */
  readonly standbyMarathon?: boolean;
  /** Gives each router a second port, for TLS, with a certificate that nobody trusts. */
  readonly tls?: boolean;
  /** More settings for every role, `WAITER_...`. */
  readonly env?: Readonly<Record<string, string>>;
}

/** One role as a process of its own. */
export interface Member {
  readonly name: string;
  readonly url: string;
  readonly process: RunningProcess;
}

export interface RouterMember extends Member {
  /** 0: it has none. */
  readonly tlsPort: number;
}

/** Quick enough for tests; everything else as shipped. */
const QUICK: Readonly<Record<string, string>> = {
  WAITER_SCALER_GC_INTERVAL: '500ms',
  WAITER_SCALER_SETTLE: '2s',
  WAITER_LOG_LEVEL: 'info',
};

/** A whole cluster as processes: Redis with AOF, mini-marathon, scalers, routers, each startable and killable alone. */
export class Fleet {
  readonly routers: RouterMember[] = [];
  readonly scalers: Member[] = [];
  marathon!: Member;
  /** Where `standbyMarathon` was asked for. */
  standby: Member | null = null;
  /** Where `twoMarathons` was asked for. */
  secondMarathon: Member | null = null;
  redis!: RedisServer;
  private directory!: TemporaryDirectory;
  private started = 0;

  private constructor(private readonly options: FleetOptions) {}

  static async start(options: FleetOptions = {}): Promise<Fleet> {
    const fleet = new Fleet(options);
    try {
      await fleet.begin();
      return fleet;
    } catch (error) {
      await fleet.stop().catch(() => undefined);
      throw error;
    }
  }

  private async begin(): Promise<void> {
    this.directory = await temporaryDirectory('waiter-e2e-');
    const redisDir = join(this.directory.path, 'redis');
    mkdirSync(redisDir);
    this.redis = await startRedis({ appendonly: true, dir: redisDir });
    await this.startMarathon(await freePort());
    if (this.options.standbyMarathon === true) await this.startStandby(await freePort());
    if (this.options.twoMarathons === true) {
      this.secondMarathon = await this.marathonAt(await freePort(), 'second-marathon', '26000', '29000');
    }
    const { scalers = 1, routers = 1 } = this.options;
    await Promise.all(Array.from({ length: scalers }, () => this.startScaler()));
    for (let n = 0; n < routers; n += 1) await this.startRouter();
    await waitFor('a leader', async () => (await this.client().get('/state/leader')).status === 200, {
      timeoutMs: 15_000,
    });
  }

  /** At its port, and on the data directory of the one before. */
  async startMarathon(port = Number(new URL(this.marathon.url).port)): Promise<void> {
    this.marathon = await this.marathonAt(port, 'mini-marathon', '21000', '25999');
  }

  /** On the data of the one that leads, at the port of the one that stood by before. */
  async startStandby(port = Number(new URL(this.standby?.url ?? '').port)): Promise<void> {
    const standby = { WAITER_MINI_MARATHON_STANDBY: 'true' };
    this.standby = await this.marathonAt(port, 'mini-marathon', '21000', '25999', standby);
  }

  private marathonAt(
    port: number,
    name: string,
    firstPort: string,
    lastPort: string,
    more: Readonly<Record<string, string>> = {},
  ): Promise<Member> {
    return this.role(name, ['mini-marathon'], `http://127.0.0.1:${port}`, '/ping', {
      WAITER_MINI_MARATHON_PORT: String(port),
      WAITER_MINI_MARATHON_DATA_DIR: join(this.directory.path, name),
      WAITER_MINI_MARATHON_FIRST_TASK_PORT: firstPort,
      WAITER_MINI_MARATHON_LAST_TASK_PORT: lastPort,
      ...more,
    });
  }

  private role(
    name: string,
    args: readonly string[],
    url: string,
    readyPath: string | null,
    env: Readonly<Record<string, string>>,
  ): Promise<Member> {
    const ready =
      readyPath === null
        ? /./
        : async (): Promise<boolean> => (await fetch(url + readyPath).catch(() => null))?.status === 200;
    return startProcess({
      name,
      command: process.execPath,
      args: [WAITER, ...args],
      env: { ...(process.env as Record<string, string>), ...QUICK, ...env, ...this.options.env },
      ready,
      readyTimeoutMs: 30_000,
    }).then((running) => ({ name, url, process: running }));
  }

  private shared(): Record<string, string> {
    const { url } = this.marathon;
    const masters = this.standby === null ? url : `${url},${this.standby.url}`;
    const own = { WAITER_REDIS_URL: this.redis.url, WAITER_MARATHON_URLS: masters };
    if (this.secondMarathon === null) return own;
    const components = { first: { urls: [url] }, second: { urls: [this.secondMarathon.url] } };
    return {
      ...own,
      WAITER_SCHEDULERS_COMPONENTS: JSON.stringify(components),
      WAITER_SCHEDULERS_DEFAULT: 'first',
    };
  }

  async startScaler(): Promise<Member> {
    const name = `scaler-${(this.started += 1)}`;
    const scaler = await this.role(name, ['scaler'], '', null, this.shared());
    this.scalers.push(scaler);
    return scaler;
  }

  async startRouter(): Promise<RouterMember> {
    const name = `router-${(this.started += 1)}`;
    const port = await freePort();
    const tlsPort = this.options.tls === true ? await freePort() : 0;
    const member = await this.role(name, ['router'], `http://127.0.0.1:${port}`, '/status', {
      ...this.shared(),
      WAITER_ROUTER_PORT: String(port),
      WAITER_ROUTER_HOST: '127.0.0.1',
      WAITER_ROUTER_WORKERS: String(this.options.workers ?? 1),
      ...(tlsPort === 0 ? {} : await this.tlsSettings(tlsPort)),
    });
    const router = { ...member, tlsPort };
    this.routers.push(router);
    return router;
  }

  private async tlsSettings(port: number): Promise<Record<string, string>> {
    const certFile = join(this.directory.path, `${port}.crt`);
    const keyFile = join(this.directory.path, `${port}.key`);
    const { cert, key } = await selfSigned();
    writeFileSync(certFile, cert);
    writeFileSync(keyFile, key);
    return {
      WAITER_ROUTER_TLS_PORT: String(port),
      WAITER_ROUTER_TLS_CERTIFICATES: JSON.stringify([{ certFile, keyFile }]),
    };
  }

  /** A client of one router; by default of the first. */
  client(router = 0): FleetClient {
    const member = this.routers[router];
    if (member === undefined) throw new Error(`there is no router ${router}`);
    return new FleetClient(member.url);
  }

  get clients(): FleetClient[] {
    return this.routers.map((_, index) => this.client(index));
  }

  /** The scaler that leads now. */
  async leader(): Promise<Member> {
    return waitFor('a scaler that leads', async () => {
      const { body } = await this.client().get('/state/leader');
      return this.scalers.find(({ process: { pid } }) => body.includes(`-${pid}-`));
    });
  }

  /** Ids of the apps that Marathon runs. */
  async apps(marathon = this.marathon): Promise<string[]> {
    const answer = (await (await fetch(`${marathon.url}/v2/apps`)).json()) as { apps: { id: string }[] };
    return answer.apps.map(({ id }) => id.replace(/^\//, ''));
  }

  /** Stops everything in order and fails when a process of an instance is left. */
  async stop(): Promise<void> {
    for (const member of [...this.routers, ...this.scalers]) await member.process.stop(20_000);
    // Last the one that leads: it ends the tasks.
    await this.standby?.process.stop(20_000);
    await this.marathon?.process.stop(20_000);
    await this.secondMarathon?.process.stop(20_000);
    await this.redis?.stop();
    const left = processesWith(this.directory.path);
    await this.directory.remove();
    if (left.length > 0) throw new Error(`left behind: ${JSON.stringify(left)}`);
  }
}
