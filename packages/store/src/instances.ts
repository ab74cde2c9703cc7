import type { DeploymentError, Epoch, Instance, LoadBalancing, ServiceId } from '@waiter/core';
import type { Connection } from './connection';

/** An instance as the fleet sees it: `draining` ones take no new requests. */
export type PublishedInstance = Instance & {
  readonly draining: boolean;
  /** Epoch milliseconds; only of one that drains. */
  readonly drainingSinceMs?: number;
};

/** What the leader knows of one service's instances. */
export interface InstanceSnapshot {
  readonly serviceId: ServiceId;
  readonly epoch: Epoch;
  readonly version: number;
  /** Count asked of the scheduler. */
  readonly requested: number;
  /** Count the scheduler has placed. */
  readonly scheduled: number;
  /** Active instances, healthy or not, draining or not. */
  readonly instances: readonly PublishedInstance[];
  /** At most 10. */
  readonly failed: readonly Instance[];
  /** Killed by Waiter, newest first, at most 12. */
  readonly killed: readonly Instance[];
  readonly deploymentError: DeploymentError | null;
  /** The policy in force, which is not always that of the service. Added by `publish`. */
  readonly loadBalancing?: LoadBalancing;
}

export interface PublishOptions {
  /** Slots of each instance. */
  readonly concurrencyLevel: number;
  /** The policy in force. */
  readonly loadBalancing: LoadBalancing;
}

/** A later leader has acted already. The one that gets this must stop leading. */
export class StaleEpochError extends Error {
  constructor(readonly epoch: Epoch) {
    super(`epoch ${epoch} is over: another scaler leads`);
    this.name = 'StaleEpochError';
  }
}

/** As `includes/slots.lua` has it: 0 takes no leases, 1 does, 2 is expired and does where there is no other. */
function slotState({ healthy, draining, flags }: PublishedInstance): 0 | 1 | 2 {
  if (!healthy || draining) return 0;
  return flags.includes('expired') ? 2 : 1;
}

/** Snapshots of instances, written by the leader, read by all. */
export class InstanceStore {
  constructor(private readonly connection: Connection) {}

  /**
   * Publishes a snapshot, and opens and closes slots accordingly, in one step.
   * @returns the snapshot's version
   * @throws StaleEpochError when a later leader published
   */
  async publish(
    snapshot: Omit<InstanceSnapshot, 'version' | 'loadBalancing'>,
    { concurrencyLevel, loadBalancing }: PublishOptions,
  ): Promise<number> {
    const { keys } = this.connection;
    const { serviceId: id, epoch } = snapshot;
    const open = snapshot.instances.filter((instance) => instance.healthy && !instance.draining);
    const notice = JSON.stringify({
      type: 'instances',
      service: id,
      healthy: open.length,
      deploymentError: snapshot.deploymentError?.message ?? null,
    });
    const rows = snapshot.instances
      .filter((instance) => instance.port > 0)
      .flatMap((instance) => [
        instance.id,
        concurrencyLevel,
        Math.round(instance.startedAtMs ?? 0),
        slotState(instance),
        instance.host,
        instance.port,
      ]);
    const version = Number(
      await this.connection.run(
        'publish-instances',
        [...keys.leaseKeys(id), keys.instances(id)],
        [
          epoch,
          JSON.stringify({ ...snapshot, loadBalancing }),
          loadBalancing,
          keys.workerChannel(''),
          id,
          keys.eventsChannel(),
          notice.slice(0, -1),
          ...rows,
        ],
      ),
    );
    if (version < 0) throw new StaleEpochError(epoch);
    return version;
  }

  /** Version of the snapshot that is there; 0 when there is none. */
  async version(id: ServiceId): Promise<number> {
    const { redis, keys } = this.connection;
    return Number((await redis.hget(keys.instances(id), 'version')) ?? 0);
  }

  async get(id: ServiceId): Promise<InstanceSnapshot | null> {
    const [version, snapshot] = await this.connection.redis.hmget(
      this.connection.keys.instances(id),
      'version',
      'snapshot',
    );
    if (typeof snapshot !== 'string') return null;
    return { ...(JSON.parse(snapshot) as Omit<InstanceSnapshot, 'version'>), version: Number(version) };
  }
}
