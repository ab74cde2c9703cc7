import type { InstanceId } from '@waiter/core';
import type { EjectedInstance } from '@waiter/store';
import type { TrackedInstance } from './instance';
import type { Service } from './service';

/**
 * Takes over what workers say of instances: one that failed so often in a row counts as expired, until a request succeeds
 * there (spec: request-path 3.9, scaling-and-schedulers 1.13).
 * @returns instances that are to be replaced from now on, with their failures; null when nothing changed
 */
export function noteFailures(
  service: Service,
  ejected: ReadonlyMap<InstanceId, EjectedInstance>,
  threshold: number,
): (readonly [TrackedInstance, number])[] | null {
  const expired: (readonly [TrackedInstance, number])[] = [];
  let changed = false;
  for (const tracked of service.instances.values()) {
    const failures = ejected.get(tracked.id)?.failures ?? 0;
    const keepsFailing = failures >= threshold;
    if (keepsFailing === tracked.keepsFailing) continue;
    tracked.keepsFailing = keepsFailing;
    changed = true;
    if (keepsFailing) expired.push([tracked, failures]);
  }
  return changed ? expired : null;
}
