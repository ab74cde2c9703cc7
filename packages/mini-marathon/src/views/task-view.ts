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
