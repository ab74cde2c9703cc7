import type { AppDefinition } from '../apps/definition';
import type { Definitions, Plan } from '../deployments/plan';
import type { Records } from '../state/records';
import type { GroupDefinition } from './group-store';

export interface Snapshot {
  readonly version: string;
  readonly apps: readonly AppDefinition[];
  readonly groups: readonly GroupDefinition[];
}

type Contents = Pick<Snapshot, 'apps' | 'groups'>;
/** null: there was none. */
type Before<T> = readonly (readonly [id: string, T | null])[];

/** What is kept of a change: what it replaced, by which one gets from what is after it to what was before. */
export interface ChangeRecord {
  readonly version: string;
  readonly apps: Before<AppDefinition>;
  readonly groups: Before<GroupDefinition>;
}

const MOST = 25;

/** How everything was after each of the last changes: what a group can go back to. It outlives the server. */
export class History {
  private readonly snapshots: Snapshot[] = [];
  private current: Contents;

  /** @param now how everything is */
  constructor(
    private readonly records: Records<ChangeRecord>,
    now: Contents,
  ) {
    this.current = now;
    let then = now;
    for (const record of records.read().sort((a, b) => (a.version < b.version ? 1 : -1))) {
      this.snapshots.push({ ...then, version: record.version });
      then = {
        apps: undone(then.apps, record.apps),
        groups: undone(then.groups, record.groups),
      };
    }
  }

  /** @param after how everything is once the definitions of the plan are in force */
  record({ version, original, target }: Plan, after: Contents): void {
    const record = {
      version,
      apps: replacedApps(original, target),
      groups: replaced(this.current.groups, after.groups),
    };
    this.records.put(version, () => record);
    this.current = after;
    this.snapshots.unshift({ ...after, version });
    for (const { version: oldest } of this.snapshots.splice(MOST)) this.records.delete(oldest);
  }

  /** Newest first. */
  list(): readonly Snapshot[] {
    return this.snapshots;
  }

  at(version: string): Snapshot | undefined {
    return this.snapshots.find((snapshot) => snapshot.version === version);
  }
}

const replacedApps = (original: Definitions, target: Definitions): Before<AppDefinition> =>
  [...new Set([...original.keys(), ...target.keys()])].map((id) => [id, original.get(id) ?? null]);

function replaced<T extends { readonly id: string }>(before: readonly T[], after: readonly T[]): Before<T> {
  const old = new Map(before.map((one) => [one.id, one]));
  const ids = new Set(after.map(({ id }) => id));
  return [
    ...after.filter((one) => old.get(one.id) !== one).map(({ id }) => [id, old.get(id) ?? null] as const),
    ...before.filter(({ id }) => !ids.has(id)).map((one) => [one.id, one] as const),
  ];
}

function undone<T extends { readonly id: string }>(after: readonly T[], before: Before<T>): readonly T[] {
  const was = new Map(before);
  return [
    ...after.filter(({ id }) => !was.has(id)),
    ...[...was.values()].filter((one): one is T => one !== null),
  ];
}
