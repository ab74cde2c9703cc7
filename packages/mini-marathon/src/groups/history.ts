import type { AppDefinition } from '../apps/definition';
import type { GroupDefinition } from './group-store';

export interface Snapshot {
  readonly version: string;
  readonly apps: readonly AppDefinition[];
  readonly groups: readonly GroupDefinition[];
}

const MOST = 25;

/** How everything was after each of the last changes, since this server started: what a group can go back to. */
export class History {
  private snapshots: readonly Snapshot[] = [];

  record(snapshot: Snapshot): void {
    this.snapshots = [snapshot, ...this.snapshots].slice(0, MOST);
  }

  /** Newest first. */
  list(): readonly Snapshot[] {
    return this.snapshots;
  }

  at(version: string): Snapshot | undefined {
    return this.snapshots.find((snapshot) => snapshot.version === version);
  }
}
