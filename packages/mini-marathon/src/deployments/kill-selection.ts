import type { AppDefinition } from '../apps/definition';
import type { Task } from '../tasks/task';
import { isKilling } from '../tasks/task';

const STATE_ORDER: readonly string[] = ['TASK_STAGING', 'TASK_RUNNING'];

/**
 * Which tasks go when an app shrinks (4B.8): those on their way out already, then staging before running, then by
 * `killSelection` (youngest first unless set). A negative count picks none.
 */
export function victims(
  tasks: readonly Task[],
  count: number,
  killSelection: AppDefinition['killSelection'],
): Task[] {
  const sign = killSelection === 'OLDEST_FIRST' ? 1 : -1;
  return tasks
    .map((task, launched) => ({ task, launched }))
    .sort(
      (a, b) =>
        Number(isKilling(b.task)) - Number(isKilling(a.task)) ||
        STATE_ORDER.indexOf(a.task.state) - STATE_ORDER.indexOf(b.task.state) ||
        // The order of launch decides within one millisecond.
        sign * (a.task.stagedAtMs - b.task.stagedAtMs || a.launched - b.launched),
    )
    .slice(0, Math.max(0, count))
    .map(({ task }) => task);
}
