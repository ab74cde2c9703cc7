import { readFileSync } from 'node:fs';
import { descendants } from '@waiter/testkit';

/** Resident memory of one process in MiB. NaN where there is no /proc. */
export function residentMiB(pid: number): number {
  try {
    const [, kib] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Number(kib) / 1024;
  } catch {
    return NaN;
  }
}

/** The same in bytes, with everything below it. */
export function residentBytes(pid: number): number {
  return [pid, ...descendants(pid)].reduce((sum, one) => sum + residentMiB(one) * 2 ** 20, 0);
}
