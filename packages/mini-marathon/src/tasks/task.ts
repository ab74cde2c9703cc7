import { randomUUID } from 'node:crypto';
import type { AppDefinition } from '../apps/definition';
import { safePath } from '../apps/path-id';
import { UNCHECKED, type HealthState } from '../health/health-state';
import type { ReadinessState } from '../health/readiness';
import type { TaskProcess } from './task-process';

export type TaskState = 'TASK_STAGING' | 'TASK_RUNNING' | 'TASK_KILLING' | TerminalState;
export type TerminalState = 'TASK_FINISHED' | 'TASK_FAILED' | 'TASK_KILLED' | 'TASK_LOST';

/** One process that belongs to an app. Mutable; owned by `TaskRunner`. */
export interface Task {
  readonly id: string;
  readonly instanceId: string;
  readonly appId: string;
  /** The definition it was launched from. */
  readonly app: AppDefinition;
  readonly ports: readonly number[];
  readonly sandbox: string;
  readonly stagedAtMs: number;
  startedAtMs: number | undefined;
  state: TaskState;
  /** One per health check, in the app's order. */
  health: HealthState[];
  /** One per readiness check; empty for an app without any. */
  readiness: readonly ReadinessState[];
  /** It is to go and nothing takes its place (scale-down, delete, replaced by a restart). */
  decommissioned: boolean;
  process: TaskProcess | undefined;
  /** Ends what goes on before its process is started. */
  readonly staging: AbortController;
  /** Why it is being ended, where the server does that and it is a failure of the task. */
  failure: string | undefined;
}

/** A task that is about to be started. */
export function stagedTask(
  app: AppDefinition,
  ports: readonly number[],
  pathOf: (taskId: string) => string,
  nowMs: number,
): Task {
  const ids = taskIds(app.id, randomUUID());
  return {
    ...ids,
    appId: app.id,
    app,
    ports,
    sandbox: pathOf(ids.id),
    stagedAtMs: nowMs,
    startedAtMs: undefined,
    state: 'TASK_STAGING',
    health: app.healthChecks.map(() => UNCHECKED),
    readiness: [],
    decommissioned: false,
    process: undefined,
    staging: new AbortController(),
    failure: undefined,
  };
}

const TASK_ID = /^(.+\.(?:instance|marathon)-[0-9a-f-]{36})(?:\.(?:_app|\$anon)\.\d+)?$/;

/** Ids of a new task: `group_app.instance-<uuid>` and, of its first and only incarnation, `...._app.1`. */
function taskIds(appId: string, uuid: string): { id: string; instanceId: string } {
  const instanceId = `${safePath(appId)}.instance-${uuid}`;
  return { id: `${instanceId}._app.1`, instanceId };
}

/** The instance id inside a task or instance id; undefined where the text is neither. */
export function instanceIdOf(id: string): string | undefined {
  return TASK_ID.exec(id)?.[1];
}

/** Mesos names each run of an executor by a uuid; here it is the one in the task's own id. */
export function containerIdOf(taskId: string): string {
  return /[.-]([0-9a-f]{8}-[0-9a-f-]{27})(?:\.|$)/.exec(taskId)?.[1] ?? taskId;
}

/** Tasks run from the same config as the app has now: only a scaling lies between (4B.3). */
export function isCurrent(task: Task, app: AppDefinition): boolean {
  return task.app.versionInfo.lastConfigChangeAt === app.versionInfo.lastConfigChangeAt;
}

export function isKilling(task: Task): boolean {
  return task.state === 'TASK_KILLING';
}

/** Every health check has reported and holds it alive. False for an app without checks. */
export function isHealthy(task: Task): boolean {
  const reported = task.health.filter((state) => state.checked);
  return (
    reported.length > 0 && reported.length === task.health.length && reported.every((state) => state.alive)
  );
}

export function isUnhealthy(task: Task): boolean {
  return task.health.some((state) => state.checked && !state.alive);
}

/** What a deployment waits for: runs, is healthy where the app has health checks, and has passed its readiness checks. */
export function isReady(task: Task): boolean {
  return (
    task.state === 'TASK_RUNNING' &&
    (task.health.length === 0 || isHealthy(task)) &&
    task.readiness.every(({ ready }) => ready)
  );
}
