import { AsyncRequestStore } from './async-requests';
import { Connection, type ConnectionOptions, type Manner } from './connection';
import { CollectionStore } from './collections';
import { DecisionLog } from './decisions';
import { EjectionStore } from './ejections';
import { ChangeFeed } from './events';
import { InstanceStore } from './instances';
import { Leadership, readLeader, type LeadershipOptions } from './leadership';
import { LeaderStateStore } from './leader-state';
import { LeaseStore } from './leases';
import { LoadLedger } from './load';
import { Membership } from './members';
import { ScalingPauseStore } from './scaling-pauses';
import { ReferenceStore } from './references';
import { ServiceStateStore } from './service-state';
import { ServiceStore } from './services';
import { TokenStore } from './tokens';

/** Everything that is kept in Redis, over one command connection. */
export class Store {
  readonly tokens: TokenStore;
  readonly services: ServiceStore;
  readonly serviceStates: ServiceStateStore;
  readonly references: ReferenceStore;
  readonly instances: InstanceStore;
  readonly leases: LeaseStore;
  readonly ejections: EjectionStore;
  readonly members: Membership;
  readonly load: LoadLedger;
  readonly asyncRequests: AsyncRequestStore;
  readonly decisions: DecisionLog;
  readonly scalingPauses: ScalingPauseStore;
  readonly collections: CollectionStore;
  readonly leaderState: LeaderStateStore;
  readonly changes: ChangeFeed;

  constructor(readonly connection: Connection) {
    this.tokens = new TokenStore(connection);
    this.services = new ServiceStore(connection);
    this.references = new ReferenceStore(connection);
    this.instances = new InstanceStore(connection);
    this.leases = new LeaseStore(connection);
    this.ejections = new EjectionStore(connection);
    this.members = new Membership(connection, this.leases);
    this.asyncRequests = new AsyncRequestStore(connection);
    this.load = new LoadLedger(connection, this.members, this.asyncRequests);
    this.decisions = new DecisionLog(connection);
    this.leaderState = new LeaderStateStore(connection);
    this.collections = new CollectionStore(connection);
    this.scalingPauses = new ScalingPauseStore(connection);
    this.changes = new ChangeFeed(connection);
    this.serviceStates = new ServiceStateStore(connection, this.changes);
  }

  /** Connects and waits until Redis answers. */
  static async open(options: ConnectionOptions, manner: Manner = 'patient'): Promise<Store> {
    const store = new Store(new Connection(options, manner));
    try {
      await store.connection.whenReady();
    } catch (error) {
      await store.close();
      throw error;
    }
    return store;
  }

  leadership(options: LeadershipOptions): Leadership {
    return new Leadership(this.connection, options);
  }

  leader(): ReturnType<typeof readLeader> {
    return readLeader(this.connection);
  }

  /**
   * Settings of Redis that would lose tokens or slots.
   * @returns one sentence per fault; empty when all is well or Redis does not tell
   */
  async check(): Promise<readonly string[]> {
    const { redis } = this.connection;
    const read = async (name: string): Promise<string | undefined> =>
      ((await redis.config('GET', name).catch(() => [])) as string[])[1];
    const faults: string[] = [];
    const policy = await read('maxmemory-policy');
    if (policy !== undefined && policy !== 'noeviction') {
      faults.push(
        `Redis evicts keys (maxmemory-policy ${policy}): tokens and leases can vanish; set noeviction`,
      );
    }
    if ((await read('appendonly')) === 'no') {
      faults.push('Redis keeps no append-only file: a restart of it loses tokens; set appendonly yes');
    }
    return faults;
  }

  async close(): Promise<void> {
    await this.connection.close();
  }
}
