import type { Records } from '../state/records';
import { groupsAbove } from '../apps/path-id';

/** A group beside the apps and groups that its id spans. */
export interface GroupDefinition {
  readonly id: string;
  /** Apps and groups, by absolute ids, that come before every app of this group. */
  readonly dependencies: readonly string[];
  /** Of the last change to the group itself. */
  readonly version: string;
  /** Whether apps below are to have the group's name as role: kept for who asks. There is one role here. */
  readonly enforceRole?: boolean;
}

/** The groups that exist: made by themselves or by an app below them, gone only when they are deleted. */
export class GroupStore {
  private readonly groups: Map<string, GroupDefinition>;

  constructor(private readonly records: Records<GroupDefinition>) {
    this.groups = new Map(records.read().map((group) => [group.id, group]));
  }

  /** The root always is. */
  get(id: string): GroupDefinition | undefined {
    return this.groups.get(id) ?? (id === '/' ? ROOT : undefined);
  }

  list(): GroupDefinition[] {
    return [...this.groups.values()];
  }

  put(group: GroupDefinition): void {
    this.groups.set(group.id, group);
    this.keep(group.id);
  }

  remove(id: string): void {
    this.groups.delete(id);
    this.keep(id);
  }

  /** Makes the groups above an app or a group, as far as they do not exist. */
  ensureAbove(id: string, version: string): void {
    for (const group of groupsAbove(id)) {
      if (!this.groups.has(group)) this.put({ id: group, dependencies: [], version });
    }
  }

  private keep(id: string): void {
    this.records.put(id, () => this.groups.get(id));
  }
}

const ROOT: GroupDefinition = { id: '/', dependencies: [], version: '1970-01-01T00:00:00.000Z' };
