import type { InstanceId, ServiceId } from '@waiter/core';
import { isTaskOf } from './ids';

/** How many kills and deletions are remembered; a task that outlives that many others is stuck anyway. */
const MOST_EXPECTED = 10_000;

/** What the driver remembers of tasks to read events right: which exist, and whose end was asked for. */
export class KnownTasks {
  private readonly byService = new Map<ServiceId, Set<InstanceId>>();
  private readonly announced = new Set<InstanceId>();
  private readonly expected = new Set<InstanceId | ServiceId>();

  /** The complete list of a service's tasks. */
  replace(serviceId: ServiceId, taskIds: readonly InstanceId[]): void {
    this.forgetGone(this.byService.get(serviceId), new Set(taskIds));
    this.byService.set(serviceId, new Set(taskIds));
    // It is listed, so it lives: a deleted one disappears from the list at once (4B.9).
    this.expected.delete(serviceId);
  }

  /** The complete list of services. */
  keepOnly(serviceIds: ReadonlySet<ServiceId>): void {
    for (const [id, tasks] of this.byService) {
      if (serviceIds.has(id)) continue;
      this.forgetGone(tasks, new Set());
      this.byService.delete(id);
    }
  }

  /** False when this task was announced as running before: Marathon repeats itself when it reconciles. */
  announce(serviceId: ServiceId, taskId: InstanceId): boolean {
    const first = !this.announced.has(taskId);
    this.announced.add(taskId);
    const tasks = this.byService.get(serviceId) ?? new Set();
    this.byService.set(serviceId, tasks.add(taskId));
    return first;
  }

  ended(serviceId: ServiceId, taskId: InstanceId): void {
    this.byService.get(serviceId)?.delete(taskId);
    this.announced.delete(taskId);
  }

  /** The task that Marathon means by an instance id. */
  taskOf(serviceId: ServiceId, marathonInstanceId: string): InstanceId | null {
    for (const taskId of this.byService.get(serviceId) ?? []) {
      if (isTaskOf(marathonInstanceId, taskId)) return taskId;
    }
    return null;
  }

  /** This task, or every task of this service, was told to end: that it does is no failure. */
  expectEnd(id: InstanceId | ServiceId): void {
    this.expected.add(id);
    if (this.expected.size > MOST_EXPECTED)
      for (const oldest of this.expected) return void this.expected.delete(oldest);
  }

  /** The service is created again, or the instance could not be killed. */
  expectNoEnd(id: ServiceId): void {
    this.expected.delete(id);
  }

  isEndExpected(serviceId: ServiceId, taskId: InstanceId): boolean {
    return this.expected.has(taskId) || this.expected.has(serviceId);
  }

  private forgetGone(before: ReadonlySet<InstanceId> | undefined, now: ReadonlySet<InstanceId>): void {
    for (const taskId of before ?? []) if (!now.has(taskId)) this.announced.delete(taskId);
  }
}
