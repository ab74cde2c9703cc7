import type { Clock } from '@waiter/core';
import type { Agent, TaskEvents } from '../events/task-events';
import type { KnownHealth } from '../health/health-checker';
import { MemoryWatch } from './memory-watch';
import type { Task } from './task';
import { environmentOf } from './task-environment';
import { TaskHealth, type TaskHealthObserver } from './task-health';
import { TaskReadiness } from './task-readiness';
import type { TaskTable } from './task-table';
import { idsOfUser } from './task-user';

export interface WatchParts {
  readonly agent: Agent;
  readonly table: TaskTable;
  readonly events: TaskEvents;
  readonly clock: Clock;
  readonly enforceMemory: boolean;
}

export interface TaskWatchObserver extends TaskHealthObserver {
  /** A readiness check of the task has passed. */
  ready(task: Task): void;
  /** It took more memory than its app has. */
  exceeded(task: Task, message: string): void;
}

/** Watches the tasks that run: their health, readiness and memory. */
export class TaskWatch {
  private readonly health: TaskHealth;
  private readonly readiness: TaskReadiness;
  private readonly memory: MemoryWatch;

  constructor(
    private readonly parts: WatchParts,
    observer: TaskWatchObserver,
  ) {
    const { table, events, clock, enforceMemory } = parts;
    this.health = new TaskHealth(events, clock, observer);
    this.readiness = new TaskReadiness((task) => observer.ready(task));
    this.memory = new MemoryWatch(
      () => (enforceMemory ? table.all() : []),
      (task, message) => observer.exceeded(task, message),
      () => clock.now(),
    );
  }

  /** @param known health of a task that is taken over */
  begin(task: Task, known?: KnownHealth): void {
    const { agent } = this.parts;
    const { app, ports, sandbox } = task;
    if (app.healthChecks.length > 0) {
      const env = environmentOf(task, agent);
      this.health.watch(task, { host: agent.host, ports, sandbox, env, user: idsOfUser(app.user) }, known);
    }
    this.readiness.watch(task, agent.host);
    this.memory.look();
  }

  end(task: Task): void {
    this.health.stop(task);
    this.readiness.stop(task);
  }

  /** Watches none any more. */
  stop(): void {
    this.memory.stop();
    for (const task of this.parts.table.all()) this.end(task);
  }
}
