import { invalidObject, sameIdAsGroup, unknownGroup } from '../api-error';
import { withVersions } from '../apps/change';
import type { AppDefinition } from '../apps/definition';
import { absoluteId, ID_ERROR, isBelow, isValidId, parentId } from '../apps/path-id';
import type { Cluster } from '../cluster';
import { defineApp } from '../operations/define-app';
import type { GroupDefinition } from './group-store';
import type { GroupUpdate } from './group-update';

/** Everything at and below a group, as it is or as it is to be. */
export interface GroupContents {
  readonly apps: ReadonlyMap<string, AppDefinition>;
  readonly groups: readonly GroupDefinition[];
}

export function contentsOf(cluster: Cluster, id: string): GroupContents {
  const within = (other: string): boolean => other === id || isBelow(other, id);
  const apps = cluster.apps.list().filter((app) => isBelow(app.id, id));
  return {
    apps: new Map(apps.map((app) => [app.id, app])),
    groups: cluster.groups.list().filter((group) => within(group.id)),
  };
}

/**
 * What an update makes of a group.
 * @throws ApiError 422 for what no group or app can be, 404 for a version that is not known
 */
export function targetOf(cluster: Cluster, id: string, update: GroupUpdate, version: string): GroupContents {
  if (update.version !== undefined) return earlier(cluster, id, update.version, version);
  if (update.scaleBy !== undefined) return scaled(contentsOf(cluster, id), update.scaleBy, version);
  const target = { apps: new Map<string, AppDefinition>(), groups: [] as GroupDefinition[] };
  fill(cluster, id, update, version, target, '');
  return target;
}

function fill(
  cluster: Cluster,
  id: string,
  update: GroupUpdate,
  version: string,
  target: { apps: Map<string, AppDefinition>; groups: GroupDefinition[] },
  path: string,
): void {
  if (id !== '/' && !isValidId(id)) throw invalidObject([{ path: `${path}/id`, errors: [ID_ERROR] }]);
  const current = contentsOf(cluster, id);
  const before = cluster.groups.get(id);
  const dependencies = update.dependencies?.map((other) => absoluteId(other, parentId(id)));
  const enforceRole = update.enforceRole ?? before?.enforceRole;
  target.groups.push({
    id,
    dependencies: dependencies ?? before?.dependencies ?? [],
    version,
    ...(enforceRole === undefined ? {} : { enforceRole }),
  });
  if (update.apps === undefined) {
    for (const app of current.apps.values()) if (parentId(app.id) === id) target.apps.set(app.id, app);
  }
  update.apps?.forEach((input, index) => {
    const app = child(input.id, id, `${path}/apps(${index})/id`);
    const options = { partialUpdate: false, allowCreation: true };
    target.apps.set(app, defineApp(cluster, app, input, options, version));
  });
  if (update.groups === undefined) {
    const inChild = (other: string): boolean => isBelow(other, id) && parentId(other) !== id;
    for (const app of current.apps.values()) if (inChild(app.id)) target.apps.set(app.id, app);
    target.groups.push(...current.groups.filter((group) => group.id !== id));
  }
  update.groups?.forEach((inner, index) => {
    const below = `${path}/groups(${index})`;
    fill(cluster, child(inner.id, id, `${below}/id`), inner, version, target, below);
  });
}

function child(given: string, group: string, path: string): string {
  const id = absoluteId(given, group);
  if (parentId(id) === group && id !== '/') return id;
  const error = `identifier ${id} is not child of ${group}. Hint: use relative paths.`;
  throw invalidObject([{ path, errors: [error] }]);
}

function scaled({ apps, groups }: GroupContents, by: number, version: string): GroupContents {
  const more = (app: AppDefinition): AppDefinition =>
    withVersions(app, { ...app, instances: Math.ceil(app.instances * by) }, version);
  return { apps: new Map([...apps].map(([id, app]) => [id, more(app)])), groups };
}

function earlier(cluster: Cluster, id: string, wanted: string, version: string): GroupContents {
  const then = cluster.history.at(wanted);
  if (then === undefined) throw unknownGroup(id);
  const apps = then.apps
    .filter((app) => isBelow(app.id, id))
    .map((app) => {
      const now = cluster.apps.get(app.id);
      return now === undefined ? { ...app, version } : withVersions(now, app, version);
    });
  return {
    apps: new Map(apps.map((app) => [app.id, app])),
    groups: then.groups.filter((group) => group.id === id || isBelow(group.id, id)),
  };
}

/** @throws ApiError 422 where an app and a group have the same id */
export function refuseSameIds({ apps, groups }: GroupContents): void {
  for (const { id } of groups) if (apps.has(id)) throw sameIdAsGroup(id);
}
