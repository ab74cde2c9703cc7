import type { Json } from '@waiter/core';
import type { ScheduledService } from '../port';
import { DESCRIPTION_LABEL, decodeDescription } from './description-label';
import type { FailedInstances } from './failed-instances';
import { stripSlash } from './ids';
import { failedInstance, instanceOfTask, type LogDirectory } from './instances';
import { integer, list, object, text } from './json-reader';

/** Asked for in every list and get: what `serviceOfApp` reads. */
export const APP_EMBEDS = 'embed=apps.lastTaskFailure&embed=apps.tasks';

/** The service id of an app, or null when it has none. */
export function serviceIdOfApp(app: Json): string | null {
  const id = text(object(app)['id']);
  return id === null ? null : stripSlash(id);
}

/** One app with embedded tasks and last failure (4A.7); the failure is remembered in `failures`. */
export function serviceOfApp(
  serviceId: string,
  json: Json,
  failures: FailedInstances,
  logDirectory: LogDirectory,
): ScheduledService {
  const app = object(json);
  const active = list(app['tasks'])
    .map((task) => instanceOfTask(serviceId, task, logDirectory))
    .filter((instance) => instance !== null);
  const failed = failedInstance(serviceId, app['lastTaskFailure'] ?? null, logDirectory);
  if (failed !== null) failures.add(failed);
  for (const { id } of active) failures.forgetInstance(serviceId, id);
  return {
    id: serviceId,
    requested: integer(app['instances']) ?? 0,
    scheduled: active.length,
    active,
    failed: failures.of(serviceId),
    description: decodeDescription(text(object(app['labels'])[DESCRIPTION_LABEL])),
    deploymentError: null,
  };
}
