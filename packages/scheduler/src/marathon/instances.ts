import type { Instance, InstanceFlag, Json, ServiceId } from '@waiter/core';
import { integer, list, object, text, timestamp } from './json-reader';

/** What the scheduler says before it knows a host (spec: scaling-and-schedulers 3.1). */
export const UNKNOWN_HOST = '0.0.0.0';

/** Where the logs of a task are on its agent; null when a part of the path is not known. */
export type LogDirectory = (taskId: string, agentId: string | null) => string | null;

/** A task of `GET /v2/apps?embed=apps.tasks` (4A.7); null when it has no id. */
export function instanceOfTask(
  serviceId: ServiceId,
  json: Json,
  logDirectory: LogDirectory,
): Instance | null {
  const task = object(json);
  const id = text(task['id']);
  if (id === null) return null;
  return {
    id,
    serviceId,
    ...address(task['host'], task['ports']),
    startedAtMs: timestamp(task['startedAt']),
    healthy: passes(list(task['healthCheckResults'])),
    flags: [],
    healthCheckStatus: null,
    exitCode: null,
    message: text(task['message'])?.trim() ?? null,
    logDirectory: logDirectory(id, text(task['slaveId'])),
  };
}

/** Checked at least once, and the last check of each kind passed. */
function passes(results: readonly Json[]): boolean {
  return (
    results.length > 0 &&
    results
      .map(object)
      .every((result) => result['alive'] === true && (result['consecutiveFailures'] ?? 0) === 0)
  );
}

export function address(host: Json | undefined, ports: Json | undefined) {
  const [port = 0, ...extraPorts] = list(ports)
    .map(integer)
    .filter((each) => each !== null);
  return { host: text(host) ?? UNKNOWN_HOST, port, extraPorts };
}

/** `lastTaskFailure` of an app, or a `status_update_event` of a task that failed; null when it has no task id. */
export function failedInstance(
  serviceId: ServiceId,
  json: Json,
  logDirectory: LogDirectory,
): Instance | null {
  const failure = object(json);
  const id = text(failure['taskId']);
  if (id === null) return null;
  const message = text(failure['message'])?.trim() ?? null;
  return {
    id,
    serviceId,
    host: text(failure['host']) ?? UNKNOWN_HOST,
    port: 0,
    extraPorts: [],
    startedAtMs: timestamp(failure['timestamp']),
    healthy: false,
    flags: flagsOf(message ?? ''),
    healthCheckStatus: null,
    exitCode: exitCodeOf(message ?? ''),
    message,
    logDirectory: logDirectory(id, text(failure['slaveId'])),
  };
}

/** What Marathon says of a task it killed because its checks failed (4B.4). */
export const HEALTH_KILL = 'Task was killed since health check failed';

/** In which a Mesos agent says that it has no image to start from: by the Docker daemon, or by its own provisioner. */
const NO_IMAGE = /^Failed to launch container: .*\b(docker\b.*\bpull|images?|manifest|provision\w*)\b/s;

function flagsOf(message: string): InstanceFlag[] {
  if (message.includes(HEALTH_KILL)) return ['never-passed-health-checks'];
  if (NO_IMAGE.test(message)) return ['image-unavailable'];
  return message.includes('Memory limit exceeded:') ? ['memory-limit-exceeded'] : [];
}

/** Mesos reports it in words only: "Command exited with status 1", "Container exited with status 127". */
function exitCodeOf(message: string): number | null {
  const status = /(?:Command|Container) exited with status\b.*?(-?\d+)$/.exec(message)?.[1];
  return status === undefined ? null : Number(status);
}
