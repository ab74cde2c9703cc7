import { readFileSync } from 'node:fs';
import { descendants } from '@waiter/testkit';

/** Linux tells times to programs in hundredths of a second, whatever its own clock does. */
const TICKS_PER_SECOND = 100;

/** In seconds. */
export interface CpuTime {
  readonly total: number;
  /** What of it was spent in the kernel. */
  readonly kernel: number;
}

/** What a process and everything below it have used, all threads. NaN where there is no /proc. */
export function cpuTime(pid: number): CpuTime {
  let [user, kernel] = [0, 0];
  for (const one of [pid, ...descendantsOf(pid)]) {
    const ticks = ticksOf(one);
    user += ticks.user;
    kernel += ticks.kernel;
  }
  return { total: (user + kernel) / TICKS_PER_SECOND, kernel: kernel / TICKS_PER_SECOND };
}

export function cpuSeconds(pid: number): number {
  return cpuTime(pid).total;
}

function descendantsOf(pid: number): number[] {
  try {
    return descendants(pid);
  } catch {
    return [];
  }
}

function ticksOf(pid: number): { readonly user: number; readonly kernel: number } {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the name in parentheses and may itself hold spaces and parentheses.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { user: Number(fields[11]), kernel: Number(fields[12]) };
  } catch {
    return { user: NaN, kernel: NaN };
  }
}
