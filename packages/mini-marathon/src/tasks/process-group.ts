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

const GONE_DEADLINE_MS = 2000;

/** Waits until no member of the group lives (zombies that nobody reaps do not count), for 2 s at most. */
export async function groupGone(groupId: number): Promise<void> {
  const deadline = performance.now() + GONE_DEADLINE_MS;
  for (let waitMs = 2; signalGroup(groupId, 0); waitMs = Math.min(waitMs * 2, 50)) {
    if (performance.now() > deadline) return;
    if (!liveProcesses().some((member) => member.groupId === groupId)) return;
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
}
