import type { AppDefinition } from '../apps/definition';
import type { HealthState } from '../health/health-state';
import type { Task } from './task';

/** What is kept of a task whose process runs, so that another server can take it over. */
export interface TaskRecord {
  readonly id: string;
  readonly instanceId: string;
  readonly app: AppDefinition;
  readonly ports: readonly number[];
  readonly stagedAtMs: number;
  readonly startedAtMs: number;
  readonly health: readonly HealthState[];
  readonly killing: boolean;
  readonly decommissioned: boolean;
  readonly pid: number;
  readonly startTime: string;
}

/** Undefined for a task without a process that can be recognised. */
export function recordOf(task: Task): TaskRecord | undefined {
  const { process, startedAtMs } = task;
  if (process?.startTime === undefined || startedAtMs === undefined) return undefined;
  return {
    id: task.id,
    instanceId: task.instanceId,
    app: task.app,
    ports: task.ports,
    stagedAtMs: task.stagedAtMs,
    startedAtMs,
    health: task.health,
    killing: task.state === 'TASK_KILLING',
    decommissioned: task.decommissioned,
    pid: process.pid,
    startTime: process.startTime,
  };
}

/** The task as it was, still without its process. */
export function taskOf(record: TaskRecord, sandbox: string): Task {
  return {
    id: record.id,
    instanceId: record.instanceId,
    appId: record.app.id,
    app: record.app,
    ports: record.ports,
    sandbox,
    stagedAtMs: record.stagedAtMs,
    startedAtMs: record.startedAtMs,
    state: 'TASK_RUNNING',
    health: [...record.health],
    readiness: [],
    decommissioned: record.decommissioned,
    process: undefined,
    staging: new AbortController(),
    failure: undefined,
  };
}
