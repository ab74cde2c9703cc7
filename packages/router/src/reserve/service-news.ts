import type { InstanceId } from '@waiter/core';
import type { InstanceSnapshot } from '@waiter/store';

/** What a change notice says of a service's instances. */
export interface InstancesNotice {
  readonly version: number;
  readonly closed: readonly InstanceId[];
  readonly healthy: number;
  readonly deploymentError: string | null;
}

/**
 * What the leader said last of a service. A notice comes at once and says what closes; the snapshot is read after it and
 * says everything. Either may overtake the other.
 */
export class ServiceNews {
  private latest: InstanceSnapshot | null = null;
  /** Version of the latest notice; a snapshot that was read before it is old. */
  private noticed = 0;
  /** Why the service cannot start; null when it can. */
  deploymentError: string | null = null;

  get snapshot(): InstanceSnapshot | null {
    return this.latest;
  }

  /** @returns false when the snapshot was faster; or Redis lost it and counts anew, which the next one shows */
  notice({ version, healthy, deploymentError }: InstancesNotice): boolean {
    this.noticed = version;
    if (this.latest !== null && version <= this.latest.version) return false;
    this.deploymentError = healthy > 0 ? null : deploymentError;
    return true;
  }

  /** Snapshots are read in order; only a notice can be ahead of one. @returns false when it is old */
  read(snapshot: InstanceSnapshot, healthy: number): boolean {
    if (snapshot.version < this.noticed) return false;
    this.latest = snapshot;
    this.deploymentError = healthy > 0 ? null : (snapshot.deploymentError?.message ?? null);
    return true;
  }

  /** Redis may have lost its latest writes: what is read next counts, whatever its version. */
  doubt(): void {
    this.noticed = 0;
  }
}
