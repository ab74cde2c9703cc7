import type { Clock } from '@waiter/core';
import type { HealthCheck } from '../apps/definition';
import type { TaskEvents } from '../events/task-events';
import { HealthChecker, type KnownHealth } from '../health/health-checker';
import type { HealthState } from '../health/health-state';
import type { ProbeTarget } from '../health/probe';
import type { Task } from './task';
import { isHealthy, isUnhealthy } from './task';

export interface TaskHealthObserver {
  /** The task became healthy or unhealthy. */
  changed(task: Task): void;
  /** Its checks failed too often. */
  kill(task: Task, cause: string): void;
}

/** Runs the health checks of tasks, keeps their results in the tasks, and tells the events about them (4B.7, 4B.8). */
export class TaskHealth {
  private readonly checkers = new Map<Task, HealthChecker>();

  constructor(
    private readonly events: TaskEvents,
    private readonly clock: Clock,
    private readonly observer: TaskHealthObserver,
  ) {}

  /** @param known of an adopted task */
  watch(task: Task, target: ProbeTarget, known?: KnownHealth): void {
    if (task.app.healthChecks.length === 0) return;
    const observer = {
      changed: (index: number, state: HealthState, before: HealthState) =>
        this.note(task, index, state, before),
      failed: (check: HealthCheck) => this.events.failedHealthCheck(task, check),
      kill: (_check: HealthCheck, cause: string) => this.observer.kill(task, cause),
    };
    this.checkers.set(task, new HealthChecker(task.app.healthChecks, target, observer, this.clock, known));
  }

  stop(task: Task): void {
    this.checkers.get(task)?.stop();
    this.checkers.delete(task);
  }

  private note(task: Task, index: number, state: HealthState, before: HealthState): void {
    const wasHealthy = isHealthy(task);
    const wasUnhealthy = isUnhealthy(task);
    task.health = task.health.map((old, at) => (at === index ? state : old));
    if (state.alive !== before.alive) this.events.healthStatus(task, state.alive);
    const healthy = isHealthy(task);
    const unhealthy = isUnhealthy(task);
    if (healthy && !wasHealthy) this.events.instanceHealth(task, true);
    if (unhealthy && !wasUnhealthy) this.events.instanceHealth(task, false);
    if (healthy !== wasHealthy || unhealthy !== wasUnhealthy) this.observer.changed(task);
  }
}
