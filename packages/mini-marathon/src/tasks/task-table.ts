import type { Task } from './task';
import { instanceIdOf } from './task';

/** Every task that is not terminal, by id and by app. */
export class TaskTable {
  private readonly byId = new Map<string, Task>();
  private readonly byApp = new Map<string, Set<Task>>();

  add(task: Task): void {
    this.byId.set(task.instanceId, task);
    const tasks = this.byApp.get(task.appId);
    if (tasks === undefined) this.byApp.set(task.appId, new Set([task]));
    else tasks.add(task);
  }

  remove(task: Task): void {
    this.byId.delete(task.instanceId);
    const tasks = this.byApp.get(task.appId);
    tasks?.delete(task);
    if (tasks?.size === 0) this.byApp.delete(task.appId);
  }

  /** By task id or instance id. */
  find(id: string): Task | undefined {
    return this.byId.get(instanceIdOf(id) ?? '');
  }

  /** In order of launch. */
  ofApp(appId: string): Task[] {
    return [...(this.byApp.get(appId) ?? [])];
  }

  all(): Task[] {
    return [...this.byId.values()];
  }
}
