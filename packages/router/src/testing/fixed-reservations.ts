import type { Reservations, ReserveOptions, ReleaseOutcome, Slot } from '../reserve';

/** Slots on given addresses, in turn, without limit: for tests of the request path that are not about reservation. */
export class FixedReservations implements Reservations {
  /** Slots that were taken and not released. */
  inUse = 0;
  readonly outcomes: ReleaseOutcome[] = [];
  readonly reserved: string[] = [];
  private next = 0;

  constructor(public addresses: readonly { host: string; port: number }[]) {}

  tryReserve(): Slot {
    return this.take(undefined);
  }

  async reserve(_service: unknown, { exclude }: ReserveOptions): Promise<Slot> {
    return this.take(exclude);
  }

  private take(exclude: ReadonlySet<string> | undefined): Slot {
    const all = this.addresses.map((address, i) => ({ ...address, instanceId: `instance.${i}` }));
    const fresh = all.filter(({ instanceId }) => exclude?.has(instanceId) !== true);
    const candidates = fresh.length > 0 ? fresh : all;
    const chosen = candidates[this.next++ % candidates.length];
    if (chosen === undefined) throw new Error('no address');
    this.inUse += 1;
    this.reserved.push(chosen.instanceId);
    let released = false;
    return {
      ...chosen,
      waitedMs: 0.25,
      release: (outcome: ReleaseOutcome) => {
        if (released) throw new Error('released twice');
        released = true;
        this.inUse -= 1;
        this.outcomes.push(outcome);
      },
    };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
