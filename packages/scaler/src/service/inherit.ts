import type { InstanceSnapshot } from '@waiter/store';
import type { Service } from './service';

/**
 * Takes over what the former leader published: health, drains under way, and what is gone.
 * @param nowMs monotonic
 */
export function inherit(
  { departed, instances }: Service,
  snapshot: InstanceSnapshot,
  nowMs: number,
  wallMs: number,
): void {
  departed.restore(snapshot.failed, snapshot.killed, wallMs);
  // The scheduler lists them until they are gone; they must not get requests again.
  for (const { id } of snapshot.killed) {
    const tracked = instances.get(id);
    if (tracked !== undefined) tracked.fate = 'killed';
  }
  for (const { draining, drainingSinceMs = wallMs, ...instance } of snapshot.instances) {
    const tracked = instances.get(instance.id);
    if (tracked === undefined) continue;
    if (instance.healthy && !tracked.healthy) tracked.noteCheck({ healthy: true, status: 200, flags: [] }, 1);
    // By age or by an operator: once it was told, it stays so.
    if (instance.flags.includes('expired')) tracked.markedExpired = true;
    if (draining) tracked.startDrain(nowMs - Math.max(0, wallMs - drainingSinceMs), drainingSinceMs);
  }
}
