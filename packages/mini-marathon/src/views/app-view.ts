import type { AppDefinition } from '../apps/definition';
import type { Cluster } from '../cluster';
import type { Task } from '../tasks/task';
import { isCurrent, isHealthy, isUnhealthy } from '../tasks/task';
import { readinessView } from './deployment-view';
import type { JsonObject } from './task-view';
import { taskView } from './task-view';

/** Parts of an app that are shown only when asked for, beside counts and deployments (4B.3). */
export type Embed = 'tasks' | 'lastTaskFailure' | 'taskStats' | 'readiness';

/** An app with counts, deployments and the embeds asked for. */
export function appView(cluster: Cluster, app: AppDefinition, embeds: ReadonlySet<Embed>): JsonObject {
  const tasks = cluster.table.ofApp(app.id);
  const failure = cluster.apps.lastTaskFailure(app.id);
  const stats = embeds.has('taskStats') ? taskStats(app, tasks, cluster.clock.now()) : undefined;
  return {
    ...app,
    ...countsView(tasks),
    deployments: cluster.deployments.affecting(app.id).map(({ plan }) => ({ id: plan.id })),
    ...(embeds.has('readiness') ? { readinessCheckResults: readinessView(tasks) } : {}),
    ...(embeds.has('tasks') ? { tasks: tasks.map((task) => taskView(task, cluster.agent)) } : {}),
    ...(embeds.has('lastTaskFailure') && failure !== undefined ? { lastTaskFailure: failure } : {}),
    ...(stats === undefined ? {} : { taskStats: stats }),
  };
}

function counts(tasks: readonly Task[]) {
  return {
    staged: tasks.filter((task) => task.state === 'TASK_STAGING').length,
    running: tasks.filter((task) => task.state === 'TASK_RUNNING').length,
    healthy: tasks.filter(isHealthy).length,
    unhealthy: tasks.filter(isUnhealthy).length,
  };
}

function countsView(tasks: readonly Task[]): JsonObject {
  const { staged, running, healthy, unhealthy } = counts(tasks);
  return { tasksStaged: staged, tasksRunning: running, tasksHealthy: healthy, tasksUnhealthy: unhealthy };
}

function taskStats(app: AppDefinition, tasks: readonly Task[], nowMs: number): JsonObject {
  const groups = {
    startedAfterLastScaling: tasks.filter(
      (task) => task.stagedAtMs >= Date.parse(app.versionInfo.lastScalingAt),
    ),
    withLatestConfig: tasks.filter((task) => isCurrent(task, app)),
    withOutdatedConfig: tasks.filter((task) => !isCurrent(task, app)),
    totalSummary: tasks,
  };
  return Object.fromEntries(
    Object.entries(groups)
      .filter(([, group]) => group.length > 0)
      .map(([name, group]) => [name, { stats: { counts: counts(group), ...lifeTime(group, nowMs) } }]),
  );
}

function lifeTime(tasks: readonly Task[], nowMs: number): JsonObject {
  const seconds = tasks
    .flatMap((task) => (task.startedAtMs === undefined ? [] : [(nowMs - task.startedAtMs) / 1000]))
    .sort((a, b) => a - b);
  if (seconds.length === 0) return {};
  const middle = ((seconds[(seconds.length - 1) >> 1] ?? 0) + (seconds[seconds.length >> 1] ?? 0)) / 2;
  const averageSeconds = seconds.reduce((sum, one) => sum + one, 0) / seconds.length;
  return { lifeTime: { averageSeconds, medianSeconds: middle } };
}
