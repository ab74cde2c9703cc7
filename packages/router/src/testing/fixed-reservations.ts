import type { AsyncRequest } from '@waiter/store';
import type { Reservations, ReserveOptions, ReleaseOutcome, Slot } from '../reserve';

interface Address {
  readonly host: string;
  readonly port: number;
}

/** Slots on given addresses, in turn, without limit: for tests of the request path that are not about reservation. */
export class FixedReservations implements Reservations {
  /** Slots that were taken and not released. */
  inUse = 0;
  readonly outcomes: ReleaseOutcome[] = [];
  readonly reserved: string[] = [];
  /** Async requests that slots were entrusted to. */
  readonly entrusted: AsyncRequest[] = [];
  /** When slots in use were touched. */
  readonly touched: number[] = [];
  /** What slots say of their instance. */
  draining = false;
  private next = 0;

  constructor(public addresses: readonly Address[]) {}

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
    return new FixedSlot(this, chosen);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

class FixedSlot implements Slot {
  readonly instanceId: string;
  readonly host: string;
  readonly port: number;
  readonly startedAtMs = 0;
  readonly waitedMs = 0.25;
  private released = false;

  constructor(
    private readonly home: FixedReservations,
    { instanceId, host, port }: Address & { readonly instanceId: string },
  ) {
    this.instanceId = instanceId;
    this.host = host;
    this.port = port;
  }

  get draining(): boolean {
    return this.home.draining;
  }

  touch(atMs: number): void {
    this.home.touched.push(atMs);
  }

  entrust(request: AsyncRequest): Promise<void> {
    this.home.entrusted.push(request);
    return Promise.resolve();
  }

  release(outcome: ReleaseOutcome): void {
    if (this.released) throw new Error('released twice');
    this.released = true;
    this.home.inUse -= 1;
    this.home.outcomes.push(outcome);
  }
}
