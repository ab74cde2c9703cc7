import type { Logger } from '../logger';
import { initialEnvironment, liveProcesses } from '../tasks/process-identity';

const VARIABLE = 'MESOS_SANDBOX=';

/**
 * Kills processes of tasks that nobody looks after any more: those that left their group, and a task that was started in the
 * very moment in which the server was killed. They are known by the sandbox in their environment.
 * @param isKept tells of a task id whether its processes may stay
 */
export function endStrays(sandboxes: string, isKept: (taskId: string) => boolean, logger: Logger): void {
  const mark = `${VARIABLE}${sandboxes}/`;
  for (const { pid } of liveProcesses()) {
    if (pid === process.pid) continue;
    const sandbox = initialEnvironment(pid).find((variable) => variable.startsWith(mark));
    const taskId = sandbox?.slice(mark.length).split('/')[0];
    if (taskId === undefined || isKept(taskId)) continue;
    logger.warn('killing a stray process of an earlier server', { pid, taskId });
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended by itself meanwhile.
    }
  }
}
