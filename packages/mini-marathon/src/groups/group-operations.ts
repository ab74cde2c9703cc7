import { randomUUID } from 'node:crypto';
import { appAtPath, groupExists, sameIdAsGroup, unknownGroup } from '../api-error';
import { groupsAbove, isBelow } from '../apps/path-id';
import type { Cluster } from '../cluster';
import { planBetween, type Plan } from '../deployments/plan';
import { contentsOf, refuseSameIds, targetOf, type GroupContents } from './group-target';
import type { GroupUpdate } from './group-update';

/** The changes to groups that the API offers, each as one deployment. All throw `ApiError`. */
export class GroupOperations {
  constructor(private readonly cluster: Cluster) {}

  create(id: string, update: GroupUpdate, force: boolean): Plan {
    if (this.cluster.groups.get(id) !== undefined) throw groupExists(id);
    if (this.cluster.apps.get(id) !== undefined) throw appAtPath(id);
    return this.update(id, update, force);
  }

  update(id: string, update: GroupUpdate, force: boolean): Plan {
    const version = this.cluster.versions.next();
    return this.deploy(id, targetOf(this.cluster, id, update, version), version, force);
  }

  /** Without a deployment: nothing that runs is concerned. */
  patch(id: string, { enforceRole }: Pick<GroupUpdate, 'enforceRole'>): void {
    const { id: same, dependencies, version } = this.cluster.groups.get(id) ?? fail(unknownGroup(id));
    const patched = { id: same, dependencies, version };
    this.cluster.groups.put(enforceRole === undefined ? patched : { ...patched, enforceRole });
  }

  /** What an update would do. */
  preview(id: string, update: GroupUpdate): Plan {
    const version = this.cluster.versions.next();
    return this.plan(contentsOf(this.cluster, id), targetOf(this.cluster, id, update, version), version);
  }

  /** Removes the group with everything below it. */
  remove(id: string, force: boolean): Plan {
    return this.deploy(id, { apps: new Map(), groups: [] }, this.cluster.versions.next(), force);
  }

  private deploy(id: string, target: GroupContents, version: string, force: boolean): Plan {
    const { deployments, groups } = this.cluster;
    refuseSameIds(target);
    const app = groupsAbove(id).find((above) => this.cluster.apps.get(above) !== undefined);
    if (app !== undefined) throw sameIdAsGroup(app);
    const before = contentsOf(this.cluster, id);
    const plan = this.plan(before, target, version);
    deployments.admit(plan, force, id);
    const kept = new Set(target.groups.map((group) => group.id));
    for (const group of before.groups) if (!kept.has(group.id)) groups.remove(group.id);
    for (const group of target.groups) groups.put(group);
    groups.ensureAbove(id, version);
    deployments.start(plan, force, [], id);
    return plan;
  }

  private plan(before: GroupContents, target: GroupContents, version: string): Plan {
    const enclosing = (app: string): readonly string[] =>
      target.groups.filter((group) => isBelow(app, group.id)).flatMap((group) => group.dependencies);
    return planBetween(randomUUID(), version, before.apps, target.apps, {
      dependenciesOf: (app) => [...(target.apps.get(app)?.dependencies ?? []), ...enclosing(app)],
    });
  }
}

function fail(error: Error): never {
  throw error;
}
