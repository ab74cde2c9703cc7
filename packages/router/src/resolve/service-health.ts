import { LRUCache } from 'lru-cache';
import type { ServiceId } from '@waiter/core';
import type { InstanceSnapshot } from '@waiter/store';

interface Entry {
  /** Of the snapshot. */
  readonly version: number;
  readonly healthy: boolean;
  /** Notices may have been missed since; still better than nothing while Redis does not answer. */
  stale: boolean;
}

/**
 * Which services have an instance that takes requests, as far as this worker asked. Kept true by the notices of the
 * change feed, so that only the first question about a service goes to Redis.
 */
export class ServiceHealth {
  private readonly entries: LRUCache<ServiceId, Entry>;
  private readonly loads = new Map<ServiceId, Promise<void>>();

  constructor(
    private readonly read: (id: ServiceId) => Promise<InstanceSnapshot | null>,
    maxEntries: number,
  ) {
    this.entries = new LRUCache({ max: maxEntries });
  }

  /** undefined: it must be loaded. */
  known(id: ServiceId): boolean | undefined {
    const entry = this.entries.get(id);
    return entry === undefined || entry.stale ? undefined : entry.healthy;
  }

  /** What was known last, be it old; undefined: nothing. */
  presumed(id: ServiceId): boolean | undefined {
    return this.entries.get(id)?.healthy;
  }

  /** Never rejects: while Redis is away what was known last stands. */
  load(id: ServiceId): Promise<void> {
    const running = this.loads.get(id);
    if (running !== undefined) return running;
    const loading = this.read(id)
      .then(
        (snapshot) => {
          const open = snapshot?.instances.some(({ healthy, draining }) => healthy && !draining);
          this.note(id, snapshot?.version ?? 0, open === true);
        },
        () => undefined,
      )
      .finally(() => this.loads.delete(id));
    this.loads.set(id, loading);
    return loading;
  }

  /** The leader published. Of services that nobody asked about nothing is kept. */
  notice(id: ServiceId, version: number, healthyInstances: number): void {
    if (this.entries.has(id) || this.loads.has(id)) this.note(id, version, healthyInstances > 0);
  }

  /** Notices may have been missed. */
  dropAll(): void {
    for (const entry of this.entries.values()) entry.stale = true;
  }

  private note(id: ServiceId, version: number, healthy: boolean): void {
    const before = this.entries.get(id);
    if (before !== undefined && !before.stale && before.version > version) return;
    this.entries.set(id, { version, healthy, stale: false });
  }
}
