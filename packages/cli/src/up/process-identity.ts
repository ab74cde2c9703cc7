import { readFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';

/** A process that cannot be mistaken for a later one with the same pid. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, in words of the operating system; only compared. */
  readonly startedAt: string;
}

/** Start of a process as the system tells it; null when there is no such process. */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A zombie has ended; nobody has waited for it yet.
    return fields[0] === 'Z' ? null : (fields[19] ?? null);
  } catch {
    const asked = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' });
    const started = asked.status === 0 ? asked.stdout.trim() : '';
    return started === '' ? null : started;
  }
}

export function identify(pid: number): ProcessIdentity | null {
  const startedAt = startOf(pid);
  return startedAt === null ? null : { pid, startedAt };
}

export function isAlive({ pid, startedAt }: ProcessIdentity): boolean {
  return startOf(pid) === startedAt;
}

/** Ends a process: SIGTERM, and SIGKILL when it is still there after `graceMs`. */
export async function endProcess(one: ProcessIdentity, graceMs: number): Promise<void> {
  const signal = (name: NodeJS.Signals): void => {
    try {
      if (isAlive(one)) process.kill(one.pid, name);
    } catch {
      // It ended in between.
    }
  };
  signal('SIGTERM');
  const until = performance.now() + graceMs;
  while (isAlive(one) && performance.now() < until) await new Promise((done) => setTimeout(done, 20));
  signal('SIGKILL');
  while (isAlive(one)) await new Promise((done) => setTimeout(done, 20));
}
