import { appendFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fetchArtifacts } from './fetch';
import { imageProblem } from './image';
import type { Task } from './task';
import { containerIdOf } from './task';

/** Whether something comes before the process of a task. */
export const needsStaging = ({ app }: Task): boolean =>
  app.fetch.length > 0 || imageProblem(app) !== undefined;

/**
 * What comes before the process of a task that has something to fetch, or an image that cannot be had.
 * @returns what Mesos says where that failed, with the reason in the sandbox's `stderr`
 */
export async function stage(task: Task): Promise<string | undefined> {
  try {
    await mkdir(task.sandbox, { recursive: true });
    const noImage = imageProblem(task.app);
    if (noImage !== undefined) return noImage;
    await fetchArtifacts(task.app.fetch, task.sandbox, task.staging.signal);
    return undefined;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    await appendFile(join(task.sandbox, 'stderr'), `Failed to fetch: ${reason}\n`).catch(() => undefined);
    return (
      `Failed to launch container: Failed to fetch all URIs for container '${containerIdOf(task.id)}' ` +
      'with exit status: 256'
    );
  }
}
