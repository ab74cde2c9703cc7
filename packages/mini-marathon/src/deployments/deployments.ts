import { appLocked, tooManyDeployments } from '../api-error';
import type { AppDefinition } from '../apps/definition';
import { parentId } from '../apps/path-id';
import type { AppStore } from '../apps/store';
import type { EventBus } from '../events/event-bus';
import type { GroupStore } from '../groups/group-store';
import type { History } from '../groups/history';
import type { Task } from '../tasks/task';
import type { Records } from '../state/records';
import type { Convergence } from './convergence';
import { deploymentRecord, planOf, type DeploymentRecord } from './deployment-record';
import type { Plan, Step } from './plan';
import { conflicting } from './plan';

export interface Deployment {
  readonly plan: Plan;
  /** Index into `plan.steps` of the step that runs. */
  step: number;
}

const MAX_RUNNING = 100;

/**
 * The deployments that run. Each locks the apps it affects until it is complete or cancelled. Its definitions are in force
 * from the moment it is accepted (4B.9: `instances` changes at once, `tasks` follows).
 */
export class Deployments {
  private readonly running = new Map<string, Deployment>();

  constructor(
    private readonly apps: AppStore,
    private readonly convergence: Convergence,
    private readonly events: EventBus,
    private readonly records: Records<DeploymentRecord>,
    private readonly groups: GroupStore,
    private readonly history: History,
  ) {}

  /** Goes on with what an earlier server was doing. */
  resume(): void {
    const kept = this.records.read().sort((a, b) => (a.version < b.version ? -1 : 1));
    for (const record of kept) {
      this.running.set(record.id, { plan: planOf(record), step: record.step });
    }
    for (const app of this.apps.list()) this.appChanged(app.id);
    for (const deployment of this.list()) this.advance(deployment);
  }

  list(): Deployment[] {
    return [...this.running.values()];
  }

  get(id: string): Deployment | undefined {
    return this.running.get(id);
  }

  affecting(appId: string): Deployment[] {
    return this.list().filter(({ plan }) => plan.affectedApps.includes(appId));
  }

  /**
   * Throws where the plan may not start: 409 while another deployment holds one of its apps and `force` is not given,
   * 403 when too many run. Who listens to events hears of it too.
   */
  admit(plan: Plan, force: boolean, group?: string): void {
    try {
      this.refuse(plan, force);
    } catch (error) {
      const reason = (error as Error).message;
      this.events.publish('group_change_failed', {
        groupId: groupOf(plan, group),
        version: plan.version,
        reason,
      });
      throw error;
    }
  }

  private refuse(plan: Plan, force: boolean): void {
    const conflicts = conflicting(plan, this.list());
    if (conflicts.length > 0 && !force) throw appLocked(conflicts.map((other) => other.plan.id));
    if (this.running.size - conflicts.length >= MAX_RUNNING) throw tooManyDeployments(MAX_RUNNING);
  }

  /**
   * Starts the plan, as far as it goes without waiting; conflicting deployments are cancelled first.
   * @param kill tasks that are to go first, whatever `killSelection` would choose
   * @param group that is said to have changed; by default the one of the first app
   */
  start(plan: Plan, force: boolean, kill: readonly Task[] = [], group?: string): void {
    this.admit(plan, force, group);
    for (const other of conflicting(plan, this.list())) this.cancel(other.plan.id);
    for (const [id, app] of plan.target) {
      if (app === undefined) this.apps.remove(id);
      else this.put(app, plan.version);
    }
    for (const id of plan.original.keys()) if (!plan.target.has(id)) this.apps.remove(id);
    this.history.record({ version: plan.version, apps: this.apps.list(), groups: this.groups.list() });
    this.events.publish('group_change_success', { groupId: groupOf(plan, group), version: plan.version });
    const deployment: Deployment = { plan, step: 0 };
    this.running.set(plan.id, deployment);
    this.keep(plan.id);
    this.enter(deployment, kill);
    this.advance(deployment);
  }

  private put(app: AppDefinition, version: string): void {
    this.groups.ensureAbove(app.id, version);
    this.apps.put(app);
  }

  /** Ends it where it stands; what it asked for stays in force. */
  cancel(id: string): void {
    const deployment = this.running.get(id);
    if (deployment === undefined) return;
    this.running.delete(id);
    this.keep(id);
    const reason = 'The upgrade has been cancelled';
    this.events.publish('deployment_failed', { id, plan: deployment.plan, reason });
  }

  /** Something about the app has changed. */
  appChanged(appId: string): void {
    this.convergence.converge(appId, this.isRestarting(appId));
    for (const deployment of this.affecting(appId)) this.advance(deployment);
  }

  private keep(id: string): void {
    this.records.put(id, () => {
      const deployment = this.running.get(id);
      return deployment && deploymentRecord(deployment.plan, deployment.step);
    });
  }

  private isRestarting(appId: string): boolean {
    return this.affecting(appId).some((deployment) =>
      currentStep(deployment).actions.some((one) => one.app === appId && one.action === 'RestartApplication'),
    );
  }

  private advance(deployment: Deployment): void {
    const { plan } = deployment;
    while (this.running.get(plan.id) === deployment) {
      const step = currentStep(deployment);
      if (!step.actions.every((action) => this.convergence.isDone(action))) return;
      if (plan.steps.length > 0) this.events.publish('deployment_step_success', { plan, currentStep: step });
      for (const action of step.actions) {
        if (action.action === 'StopApplication')
          this.events.publish('app_terminated_event', { appId: action.app });
      }
      if (deployment.step + 1 >= plan.steps.length) {
        this.running.delete(plan.id);
        this.keep(plan.id);
        this.events.publish('deployment_success', { id: plan.id, plan });
        return;
      }
      deployment.step++;
      this.keep(plan.id);
      this.enter(deployment, []);
    }
  }

  private enter(deployment: Deployment, kill: readonly Task[]): void {
    const step = currentStep(deployment);
    const { plan } = deployment;
    if (plan.steps.length > 0) this.events.publish('deployment_info', { plan, currentStep: step });
    this.convergence.decommission(kill);
    for (const { action, app } of step.actions) {
      const definition = plan.target.get(app);
      if (action === 'StopApplication' || action === 'RestartApplication') {
        if ((plan.original.get(app)?.healthChecks.length ?? 0) > 0)
          this.events.publish('remove_health_check_event', { appId: app });
      }
      if (action === 'StartApplication' || action === 'RestartApplication') {
        for (const healthCheck of definition?.healthChecks ?? []) {
          this.events.publish('add_health_check_event', {
            appId: app,
            version: definition?.version,
            healthCheck,
          });
        }
      }
      if (action !== 'StartApplication') this.convergence.converge(app, action === 'RestartApplication');
    }
  }
}

const groupOf = (plan: Plan, group: string | undefined): string =>
  group ?? parentId(plan.affectedApps[0] ?? '/');

const NO_STEP: Step = { actions: [] };

function currentStep(deployment: Deployment): Step {
  return deployment.plan.steps[deployment.step] ?? NO_STEP;
}
