import type { AppDefinition } from '../apps/definition';
import type { AppStore } from '../apps/store';
import type { Task } from '../tasks/task';
import { isCurrent, isReady } from '../tasks/task';
import type { TaskRunner } from '../tasks/task-runner';
import type { TaskTable } from '../tasks/task-table';
import { victims } from './kill-selection';
import type { LaunchQueue } from './launch-queue';
import type { Action } from './plan';
import { restartMoves } from './restart-moves';

/**
 * Brings the tasks of an app to what its definition asks for, and knows when that is reached. Idempotent: called whenever
 * something about the app has changed.
 */
export class Convergence {
  constructor(
    private readonly apps: AppStore,
    private readonly table: TaskTable,
    private readonly runner: TaskRunner,
    private readonly queue: LaunchQueue,
  ) {}

  converge(appId: string, restarting: boolean): void {
    const app = this.apps.get(appId);
    const tasks = this.table.ofApp(appId).filter((task) => !task.decommissioned);
    if (app === undefined) {
      this.queue.drop(appId);
      this.decommission(tasks);
      return;
    }
    if (!restarting) {
      this.decommission(victims(tasks, tasks.length - app.instances, app.killSelection));
      this.queue.request(app, Math.max(0, app.instances - tasks.length));
      return;
    }
    // A task without checks is ready as soon as it is launched, and then an old one can go at once.
    for (let ready = -1, now = this.replace(app); now > ready; now = this.replace(app)) ready = now;
  }

  /** One move of a restart. @returns how many tasks of the new config are ready after it */
  private replace(app: AppDefinition): number {
    const current = (): Task[] => this.table.ofApp(app.id).filter((task) => !task.decommissioned);
    const old = current().filter((task) => !isCurrent(task, app));
    const fresh = current().filter((task) => isCurrent(task, app));
    const state = {
      instances: app.instances,
      old: old.length,
      fresh: fresh.length,
      ready: fresh.filter(isReady).length,
    };
    const moves = restartMoves(state, app.upgradeStrategy);
    this.decommission(victims(old, moves.kill, app.killSelection));
    this.decommission(victims(fresh, fresh.length - app.instances, app.killSelection));
    this.queue.request(app, moves.launch);
    return current().filter((task) => isCurrent(task, app) && isReady(task)).length;
  }

  /** Kills tasks for good: nothing takes their place. */
  decommission(tasks: readonly Task[]): void {
    for (const task of tasks) this.runner.decommission(task);
  }

  /** Whether the action has nothing left to do. Never true for a scale-up of an app that does not get healthy (4B.5). */
  isDone(action: Action): boolean {
    if (action.action === 'StartApplication') return true;
    const tasks = this.table.ofApp(action.app);
    const app = this.apps.get(action.app);
    if (action.action === 'StopApplication' || app === undefined) {
      return tasks.every((task) => app !== undefined && !task.decommissioned);
    }
    if (tasks.length !== app.instances || !tasks.every((task) => !task.decommissioned && isReady(task)))
      return false;
    return action.action === 'ScaleApplication' || tasks.every((task) => isCurrent(task, app));
  }
}
