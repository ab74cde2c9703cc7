import type { InstanceId, ServiceId } from '@waiter/core';

/** Marathon's ids are paths; ours are the single segment below the root (4A). */
export const stripSlash = (id: string): string => (id.startsWith('/') ? id.slice(1) : id);

/** Marathon may run other people's apps too. */
export const isOurs = (id: ServiceId, servicePrefix: string): boolean => id.startsWith(servicePrefix);

/**
 * Whether a task belongs to an instance in Marathon's sense: the same id (1.4), or `<instance id>._app.<n>`, as each
 * restart of an instance is a task of its own.
 */
export function isTaskOf(marathonInstanceId: string, taskId: InstanceId): boolean {
  return taskId === marathonInstanceId || taskId.startsWith(`${marathonInstanceId}.`);
}
