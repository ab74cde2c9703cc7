import type { Agent } from '../events/task-events';
import type { HealthState } from '../health/health-state';
import type { Task } from '../tasks/task';
import { timestamp } from '../timestamp';

export type JsonObject = Record<string, unknown>;

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
    role: task.app.role ?? '*',
  };
}

/** What has not happened is null, as Marathon shows it. */
function healthView(state: HealthState, instanceId: string): JsonObject {
  const when = (ms: number | undefined): string | null => (ms === undefined ? null : timestamp(ms));
  return {
    alive: state.alive,
    consecutiveFailures: state.consecutiveFailures,
    firstSuccess: when(state.firstSuccessMs),
    lastFailure: when(state.lastFailureMs),
    lastSuccess: when(state.lastSuccessMs),
    lastFailureCause: state.lastFailureCause ?? null,
    instanceId,
  };
}
