import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { descendants } from '@waiter/testkit';

/** What is measured has the first core for itself; the load and everything else share the second. */
export const MEASURED_CORE = 0;
export const OTHER_CORE = 1;

/** Whether processes can be bound to cores here: two cores and `taskset` (util-linux). */
export function canPin(): boolean {
  if (availableParallelism() < 2) return false;
  try {
    execFileSync('taskset', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Binds processes, all their threads and everything below them to cores; what they start later inherits it. @param cores as `0` or `0-1` */
export function pin(pids: readonly number[], cores: number | string): void {
  for (const pid of pids.flatMap((one) => [one, ...descendants(one)])) {
    execFileSync('taskset', ['--all-tasks', '--cpu-list', '--pid', String(cores), String(pid)], {
      stdio: 'ignore',
    });
  }
}
