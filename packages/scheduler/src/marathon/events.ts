import type { Instance, InstanceId, Json } from '@waiter/core';
import type { SchedulerEvent } from '../port';
import type { FailedInstances } from './failed-instances';
import { isOurs, stripSlash } from './ids';
import { address, failedInstance, HEALTH_KILL, type LogDirectory } from './instances';
import { list, object, parse, text, timestamp, type JsonObject } from './json-reader';
import type { KnownTasks } from './known-tasks';
import type { SseEvent } from './sse-parser';

/** The kinds that are asked for; Marathon sends all when a version does not know the filter. */
export const EVENT_TYPES: readonly string[] = [
  'event_stream_attached',
  'status_update_event',
  'health_status_changed_event',
  'instance_health_changed_event',
  'unhealthy_instance_kill_event',
  // By the name that it had up to 1.4.
  'unhealthy_task_kill_event',
  'app_terminated_event',
  'deployment_success',
  'deployment_failed',
];

/** Terminal states that Marathon counts as failures (4B.4). An agent that is merely unreachable may come back. */
const FAILURES = new Set([
  'TASK_FAILED',
  'TASK_ERROR',
  'TASK_LOST',
  'TASK_DROPPED',
  'TASK_GONE',
  'TASK_GONE_BY_OPERATOR',
  'TASK_UNKNOWN',
]);

/** Reads Marathon's events (4B.7) as the port's. */
export class MarathonEvents {
  /** Killed by Marathon for their health; the update that tells their end does not say so in all versions. */
  private readonly unhealthyKills = new Map<InstanceId, string>();

  constructor(
    private readonly servicePrefix: string,
    private readonly failures: FailedInstances,
    private readonly tasks: KnownTasks,
    private readonly logDirectory: LogDirectory,
  ) {}

  /** An event that is not understood means nothing. */
  translate({ type, data }: SseEvent): SchedulerEvent[] {
    const event = object(parse(data));
    const kind = text(event['eventType']) ?? type;
    if (kind === 'event_stream_attached') return [{ type: 'changed', serviceId: null }];
    if (kind === 'deployment_success' || kind === 'deployment_failed') return this.deployment(event);
    const serviceId = stripSlash(text(event['appId']) ?? text(event['runSpecId']) ?? '');
    if (!isOurs(serviceId, this.servicePrefix)) return [];
    switch (kind) {
      case 'status_update_event':
        return this.statusUpdate(serviceId, event);
      case 'health_status_changed_event':
        return this.health(serviceId, event, event['alive']);
      case 'instance_health_changed_event':
        return this.health(serviceId, event, event['healthy']);
      case 'unhealthy_instance_kill_event':
      case 'unhealthy_task_kill_event':
        this.noteUnhealthyKill(event);
        return [];
      case 'app_terminated_event':
        return [{ type: 'changed', serviceId }];
      default:
        return [];
    }
  }

  private statusUpdate(serviceId: string, event: JsonObject): SchedulerEvent[] {
    const taskId = text(event['taskId']);
    const status = text(event['taskStatus']);
    if (taskId === null || status === null) return [];
    if (status === 'TASK_RUNNING') return this.running(serviceId, taskId, event);
    const finished = status === 'TASK_FINISHED';
    if (!FAILURES.has(status) && !finished && status !== 'TASK_KILLED')
      return [{ type: 'changed', serviceId }];

    this.tasks.ended(serviceId, taskId);
    const failed = this.failure(serviceId, taskId, status, event);
    if (failed !== null) this.failures.add(failed);
    return [{ type: 'ended', serviceId, instanceId: taskId, failed }];
  }

  private running(serviceId: string, taskId: InstanceId, event: JsonObject): SchedulerEvent[] {
    const { host, port, extraPorts } = address(event['host'], event['ports']);
    // Without an address nobody can use it yet; the list will have one.
    if (port === 0) return [{ type: 'changed', serviceId }];
    if (!this.tasks.announce(serviceId, taskId)) return [];
    const instance: Instance = {
      id: taskId,
      serviceId,
      host,
      port,
      extraPorts,
      startedAtMs: timestamp(event['timestamp']),
      healthy: false,
      flags: [],
      healthCheckStatus: null,
      exitCode: null,
      message: text(event['message'])?.trim() ?? null,
      logDirectory: this.logDirectory(taskId, text(event['slaveId'])),
    };
    return [{ type: 'started', instance }];
  }

  private failure(serviceId: string, taskId: InstanceId, status: string, event: JsonObject): Instance | null {
    const reason = this.unhealthyKill(taskId);
    if (this.tasks.isEndExpected(serviceId, taskId)) return null;
    const byHealth = reason !== null || (text(event['message']) ?? '').includes(HEALTH_KILL);
    if (status === 'TASK_KILLED' && !byHealth) return null;
    const json: Json =
      reason === null ? { ...event } : { ...event, message: `${HEALTH_KILL}. Reason: ${reason}` };
    const failed = failedInstance(serviceId, json, this.logDirectory);
    // A service has no end of its own: a command that just finishes is as wrong as one that fails, and Marathon
    // does not remember it (4B.4).
    return failed !== null && status === 'TASK_FINISHED'
      ? { ...failed, exitCode: failed.exitCode ?? 0 }
      : failed;
  }

  private health(serviceId: string, event: JsonObject, alive: Json | undefined): SchedulerEvent[] {
    const marathonId = text(event['instanceId']) ?? text(event['taskId']);
    if (marathonId === null || typeof alive !== 'boolean') return [];
    const instanceId = this.tasks.taskOf(serviceId, marathonId);
    if (instanceId === null) return [{ type: 'changed', serviceId }];
    return [{ type: 'health', serviceId, instanceId, healthy: alive }];
  }

  private deployment(event: JsonObject): SchedulerEvent[] {
    return appsOf(object(event['plan']))
      .filter((id) => isOurs(id, this.servicePrefix))
      .map((serviceId) => ({ type: 'changed', serviceId }));
  }

  private noteUnhealthyKill(event: JsonObject): void {
    const id = text(event['taskId']) ?? text(event['instanceId']);
    if (id === null) return;
    this.unhealthyKills.set(id, text(event['reason']) ?? 'unknown');
    // Ends are told within seconds; one that is not must not be kept for ever.
    if (this.unhealthyKills.size > 1000) {
      for (const oldest of this.unhealthyKills.keys()) return void this.unhealthyKills.delete(oldest);
    }
  }

  private unhealthyKill(taskId: InstanceId): string | null {
    for (const [id, reason] of this.unhealthyKills) {
      if (taskId === id || taskId.startsWith(`${id}.`)) {
        this.unhealthyKills.delete(id);
        return reason;
      }
    }
    return null;
  }
}

/** Which apps a plan is about. Marathons that do not know the light form name them in the steps alone, the oldest as bare lists. */
function appsOf(plan: JsonObject): string[] {
  const actions = list(plan['steps']).flatMap((step) =>
    Array.isArray(step) ? list(step) : list(object(step)['actions']),
  );
  const ids = [...list(plan['affectedApps']), ...actions.map((action) => object(action)['app'])];
  return [...new Set(ids.map((id) => stripSlash(text(id) ?? '')))];
}
