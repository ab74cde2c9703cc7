import type { InstanceId } from '@waiter/core';
import type { Reservations, ReservableService, Slot } from '../reserve';

/** Further instances that are tried when one cannot be connected to. */
const MOST = 2;

/** What comes of a request that an instance could not be connected for: none of it was sent (DESIGN section 6, Retry). */
export class Retries {
  /** Instances that failed this request already. */
  readonly tried = new Set<InstanceId>();
  private left = MOST;

  constructor(private readonly reservations: Pick<Reservations, 'hasOther'>) {}

  /**
   * To be called when the slot is given back.
   * @returns whether the request takes a slot once more, and waits for it if need be
   */
  isHope(service: ReservableService, { instanceId, isProbe }: Slot): boolean {
    // It would be waiting still, had it not been chosen to find out whether an ejected instance serves again.
    if (isProbe) return true;
    this.tried.add(instanceId);
    if (this.left === 0) return false;
    this.left -= 1;
    return this.reservations.hasOther(service, this.tried);
  }
}
