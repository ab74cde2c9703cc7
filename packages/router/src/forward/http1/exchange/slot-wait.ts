import type { RequestFacts } from '../../../accept';
import type { ReservableService, Slot } from '../../../reserve';
import type { Retries } from '../../retries';
import type { LaneParts } from '../lane-parts';

/** A request that needs a slot. */
export interface SlotSeeker {
  readonly parts: LaneParts;
  readonly facts: RequestFacts;
  readonly wanted: ReservableService;
  /** Epoch milliseconds. */
  readonly arrivedAtMs: number;
  /** null: it is the first attempt. */
  readonly retries: Retries | null;
  /** What is to be called when the client hangs up while the request waits. */
  onAbort: (() => void) | null;
  occupy(slot: Slot): void;
  fail(error: unknown): void;
  fault(error: unknown): void;
}

/** Takes a slot: at once where one is at hand, else after waiting for it. */
export function seekSlot(seeker: SlotSeeker): void {
  const { retries, wanted, arrivedAtMs } = seeker;
  const { reservations, options, clock } = seeker.parts;
  const slot = retries === null ? reservations.tryReserve(wanted, arrivedAtMs) : null;
  if (slot !== null) return seeker.occupy(slot);
  const waitedMs = retries === null ? 0 : Date.now() - arrivedAtMs;
  const { queueTimeoutMs } = seeker.facts.timeouts ?? options.timeouts;
  const waiting = reservations.reserve(wanted, {
    queueTimeoutMs: Math.max(1, queueTimeoutMs - waitedMs),
    arrivedAtMs,
    prioritised: wanted.prioritised ?? false,
    onAbort: (listener) => (seeker.onAbort = listener),
    ...(retries === null ? {} : { exclude: retries.tried }),
  });
  waiting
    .then(
      (found) => {
        clock.tick();
        seeker.occupy(found);
      },
      (error: unknown) => seeker.fail(error),
    )
    .catch((error: unknown) => seeker.fault(error));
}
