import { randomUUID } from 'node:crypto';
import { appExists, sameIdAsGroup, unknownApp, unknownAppVersion, unknownDeployment } from '../api-error';
import { withVersions } from '../apps/change';
import type { AppDefinition, AppInput } from '../apps/definition';
import { absoluteId, groupsAbove } from '../apps/path-id';
import type { Cluster } from '../cluster';
import type { Definitions, Plan, PlanOptions } from '../deployments/plan';
import { planBetween } from '../deployments/plan';
import type { Task } from '../tasks/task';
import { isKilling } from '../tasks/task';
import { defineApp, versionOf, type DefineOptions } from './define-app';

/** What every change answers with, and the apps it was about. */
export interface Accepted {
  readonly plan: Plan;
  /** The app did not exist before. */
  readonly created: boolean;
}

export interface UpdateOptions extends DefineOptions {
  readonly force: boolean;
}

/** The changes that the API offers, each as one deployment. All throw `ApiError`. */
export class Operations {
  constructor(private readonly cluster: Cluster) {}

  create(input: AppInput, force: boolean, onAdmitted: (app: AppDefinition) => void): Accepted {
    const id = absoluteId(input.id ?? '');
    if (this.cluster.apps.get(id) !== undefined) throw appExists(id);
    return this.update([{ ...input, id }], { force, partialUpdate: false, allowCreation: true }, onAdmitted);
  }

  update(
    inputs: readonly (AppInput & { readonly id: string })[],
    options: UpdateOptions,
    onAdmitted: (app: AppDefinition) => void,
  ): Accepted {
    const version = this.cluster.versions.next();
    const apps = inputs.map((input) =>
      defineApp(this.cluster, absoluteId(input.id), input, options, version),
    );
    const original = new Map(apps.map(({ id }) => [id, this.cluster.apps.get(id)]));
    const target = new Map(apps.map((app) => [app.id, app]));
    for (const { id } of apps) {
      if (this.cluster.groups.get(id) !== undefined) throw sameIdAsGroup(id);
      const group = groupsAbove(id).find((above) => target.has(above) || this.cluster.apps.get(above));
      if (group !== undefined) throw sameIdAsGroup(group);
    }
    const plan = this.plan(version, original, target, {
      dependenciesOf: (id) => target.get(id)?.dependencies ?? [],
    });
    this.cluster.deployments.admit(plan, options.force);
    apps.forEach(onAdmitted);
    this.cluster.deployments.start(plan, options.force);
    return { plan, created: [...original.values()].some((app) => app === undefined) };
  }

  restart(id: string, force: boolean): Plan {
    const app = this.app(id);
    const version = this.cluster.versions.next();
    const restarted = {
      ...app,
      version,
      versionInfo: { lastScalingAt: version, lastConfigChangeAt: version },
    };
    return this.deploy(version, app, restarted, force, { restart: new Set([id]) });
  }

  remove(id: string, force: boolean): Plan {
    return this.deploy(this.cluster.versions.next(), this.app(id), undefined, force);
  }

  /** Kills tasks, by app; each is replaced. @returns those that run */
  kill(tasks: readonly Task[]): void {
    for (const task of tasks) this.cluster.runner.kill(task);
  }

  /** Kills tasks and lowers `instances` of their apps by those not on their way out already (4B.4). */
  killAndScale(byApp: ReadonlyMap<string, readonly Task[]>, force: boolean): Plan {
    const version = this.cluster.versions.next();
    const original = new Map([...byApp.keys()].map((id) => [id, this.app(id)]));
    const target = new Map(
      [...original].map(([id, app]) => {
        const leaving = (byApp.get(id) ?? []).filter(
          (task) => !task.decommissioned && !isKilling(task),
        ).length;
        const scaled = { ...app, instances: Math.max(0, app.instances - leaving) };
        return [id, withVersions(app, scaled, version)];
      }),
    );
    const plan = this.plan(version, original, target, { scale: new Set(byApp.keys()) });
    this.cluster.deployments.start(plan, force, [...byApp.values()].flat());
    return plan;
  }

  /** A new deployment that goes back to what was before the given one, which it cancels. */
  revert(deploymentId: string): Plan {
    const reverted = this.cluster.deployments.get(deploymentId);
    if (reverted === undefined) throw unknownDeployment(deploymentId);
    const version = this.cluster.versions.next();
    const ids = reverted.plan.affectedApps;
    const original = new Map(ids.map((id) => [id, this.cluster.apps.get(id)]));
    const target = new Map(
      ids.flatMap((id) => {
        const before = reverted.plan.original.get(id);
        const now = original.get(id);
        if (before === undefined) return [];
        return [[id, now === undefined ? before : withVersions(now, before, version)] as const];
      }),
    );
    const plan = this.plan(version, original, target);
    this.cluster.deployments.cancel(deploymentId);
    this.cluster.deployments.start(plan, true);
    return plan;
  }

  /** @throws ApiError 404 */
  app(id: string): AppDefinition {
    const app = this.cluster.apps.get(id);
    if (app === undefined) throw unknownApp(id);
    return app;
  }

  /** @throws ApiError 404 */
  appVersion(id: string, version: string): AppDefinition {
    this.app(id);
    const found = versionOf(this.cluster.apps, id, version);
    if (found === undefined) throw unknownAppVersion(id, version);
    return found;
  }

  private deploy(
    version: string,
    before: AppDefinition,
    after: AppDefinition | undefined,
    force: boolean,
    options?: PlanOptions,
  ): Plan {
    const target: Definitions = after === undefined ? new Map() : new Map([[after.id, after]]);
    const plan = this.plan(version, new Map([[before.id, before]]), target, options);
    this.cluster.deployments.start(plan, force);
    return plan;
  }

  private plan(version: string, original: Definitions, target: Definitions, options?: PlanOptions): Plan {
    return planBetween(randomUUID(), version, original, target, options);
  }
}
