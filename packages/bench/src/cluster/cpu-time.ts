import { readFileSync } from 'node:fs';
import { descendants } from '@waiter/testkit';

/** Linux tells times to programs in hundredths of a second, whatever its own clock does. */
const TICKS_PER_SECOND = 100;

/** CPU seconds that a process and everything below it have used, all threads. NaN where there is no /proc. */
export function cpuSeconds(pid: number): number {
  return [pid, ...descendantsOf(pid)].reduce((sum, one) => sum + ticks(one), 0) / TICKS_PER_SECOND;
}

function descendantsOf(pid: number): number[] {
  try {
    return descendants(pid);
  } catch {
    return [];
  }
}

function ticks(pid: number): number {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the name in parentheses and may itself hold spaces and parentheses.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return Number(fields[11]) + Number(fields[12]);
  } catch {
    return NaN;
  }
}
