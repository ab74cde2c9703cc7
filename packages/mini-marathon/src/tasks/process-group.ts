import { liveProcesses } from './process-identity';

/** Signals every process of a group. @returns whether the group existed */
export function signalGroup(groupId: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-groupId, signal);
    return true;
  } catch (error) {
    // EPERM: it exists, but a member has changed its user.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** After the SIGKILL, the kernel needs a moment at most; a process it cannot end must not hold everything up. */
const PATIENCE_MS = 2000;

/**
 * Waits until no member of the group lives; zombies that nobody reaps do not count.
 * @param killedAt monotonic milliseconds at which the group gets its SIGKILL; 2 s later it is taken for gone
 */
export async function groupGone(groupId: number, killedAt: number): Promise<void> {
  for (let waitMs = 2; signalGroup(groupId, 0); waitMs = Math.min(waitMs * 2, 50)) {
    if (performance.now() > killedAt + PATIENCE_MS) return;
    if (!liveProcesses().some((member) => member.groupId === groupId)) return;
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
}
