import type { AppDefinition } from './apps/definition';
import type { Cluster } from './cluster';
import type { Deployment } from './deployments/deployments';
import type { Plan } from './deployments/plan';
import type { Agent } from './events/task-events';
import type { HealthState } from './health/health-state';
import type { Task } from './tasks/task';
import { isCurrent, isHealthy, isUnhealthy } from './tasks/task';
import { timestamp } from './timestamp';

type JsonObject = Record<string, unknown>;

/** Parts of an app that are shown only when asked for, beside counts and deployments (4B.3). */
export type Embed = 'tasks' | 'lastTaskFailure' | 'taskStats' | 'readiness';

/** A task as the API shows it (4B.4). */
export function taskView(task: Task, agent: Agent): JsonObject {
  const health = task.health.filter((state) => state.checked);
  return {
    appId: task.appId,
    ...(health.length > 0
      ? { healthCheckResults: health.map((state) => healthView(state, task.instanceId)) }
      : {}),
    host: agent.host,
    id: task.id,
    ipAddresses: [{ ipAddress: agent.host, protocol: 'IPv4' }],
    ports: task.ports,
    slaveId: agent.id,
    state: task.state,
    stagedAt: timestamp(task.stagedAtMs),
    ...(task.startedAtMs === undefined ? {} : { startedAt: timestamp(task.startedAtMs) }),
    version: task.app.version,
    localVolumes: [],
    role: '*',
  };
}

function healthView(state: HealthState, instanceId: string): JsonObject {
  const times = {
    firstSuccess: state.firstSuccessMs,
    lastSuccess: state.lastSuccessMs,
    lastFailure: state.lastFailureMs,
  };
  return {
    alive: state.alive,
    consecutiveFailures: state.consecutiveFailures,
    instanceId,
    ...Object.fromEntries(
      Object.entries(times).flatMap(([name, ms]) => (ms === undefined ? [] : [[name, timestamp(ms)]])),
    ),
    ...(state.lastFailureCause === undefined ? {} : { lastFailureCause: state.lastFailureCause }),
  };
}

/** An app with counts, deployments and the embeds asked for. */
export function appView(cluster: Cluster, app: AppDefinition, embeds: ReadonlySet<Embed>): JsonObject {
  const tasks = cluster.table.ofApp(app.id);
  const failure = cluster.apps.lastTaskFailure(app.id);
  const stats = embeds.has('taskStats') ? taskStats(app, tasks, cluster.clock.now()) : undefined;
  return {
    ...app,
    ...countsView(tasks),
    deployments: cluster.deployments.affecting(app.id).map(({ plan }) => ({ id: plan.id })),
    ...(embeds.has('readiness') ? { readinessCheckResults: [] } : {}),
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

/** A running deployment (4B.5). */
export function deploymentView({ plan, step }: Deployment): JsonObject {
  const actions = plan.steps[step]?.actions ?? [];
  return {
    id: plan.id,
    version: plan.version,
    affectedApps: plan.affectedApps,
    affectedPods: [],
    steps: plan.steps,
    currentActions: actions.map((action) => ({ ...action, readinessCheckResults: [] })),
    currentStep: step + 1,
    totalSteps: plan.steps.length,
  };
}

/**
 * A plan inside an event. The full form embeds the root group before and after, as older servers do, but with only the apps
 * that the plan is about; the light one (`plan-format=light`) names them.
 */
export function planView(plan: Plan, light: boolean): JsonObject {
  const { id, version, steps } = plan;
  if (light) return { id, version, affectedApps: plan.affectedApps, affectedPods: [], steps };
  const group = (side: Plan['original']) => ({
    id: '/',
    apps: [...side.values()].filter((app) => app !== undefined),
    dependencies: [],
    groups: [],
    pods: [],
    version,
  });
  return { id, version, original: group(plan.original), target: group(plan.target), steps };
}

const REJECT_REASONS = [
  'UnfulfilledRole',
  'UnfulfilledConstraint',
  'NoCorrespondingReservationFound',
  'AgentMaintenance',
  'InsufficientCpus',
  'InsufficientMemory',
  'InsufficientDisk',
  'InsufficientGpus',
  'InsufficientPorts',
  'DeclinedScarceResources',
];

/** What waits to be launched (4B.6). There are no offers here, so their summary counts none. */
export function queueView(cluster: Cluster, withUnusedOffers: boolean): JsonObject {
  const noRejections = () => REJECT_REASONS.map((reason) => ({ reason, declined: 0, processed: 0 }));
  return {
    queue: cluster.queue.entries().map((entry) => ({
      app: entry.app,
      count: entry.count,
      delay: { timeLeftSeconds: Math.ceil(entry.waitMs / 1000), overdue: entry.waitMs <= 0 },
      since: timestamp(entry.sinceMs),
      processedOffersSummary: {
        processedOffersCount: 0,
        unusedOffersCount: 0,
        rejectSummaryLastOffers: noRejections(),
        rejectSummaryLaunchAttempt: noRejections(),
      },
      ...(withUnusedOffers ? { lastUnusedOffers: [] } : {}),
      ...(entry.app.role === undefined ? {} : { role: entry.app.role }),
    })),
  };
}
