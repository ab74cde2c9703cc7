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
  /** Whether each instance that answered said that it is busy. */
  readonly answers: boolean[] = [];
  private next = 0;

  constructor(private all: readonly Address[]) {}

  get addresses(): readonly Address[] {
    return this.all;
  }

  /** The first of these is next. */
  set addresses(addresses: readonly Address[]) {
    this.all = addresses;
    this.next = 0;
  }

  tryReserve(): Slot {
    return this.take(undefined);
  }

  async reserve(_service: unknown, { exclude }: ReserveOptions): Promise<Slot> {
    return this.take(exclude);
  }

  private take(exclude: ReadonlySet<string> | undefined): Slot {
    const all = this.addresses.map((address, i) => ({ ...address, instanceId: `instance.${i}` }));
    const inTurn = all.map((_one, i) => all[(this.next + i) % all.length]);
    const chosen =
      inTurn.find((one) => one !== undefined && exclude?.has(one.instanceId) !== true) ?? inTurn[0];
    if (chosen === undefined) throw new Error('no address');
    this.next = (all.indexOf(chosen) + 1) % all.length;
    this.inUse += 1;
    this.reserved.push(chosen.instanceId);
    return new FixedSlot(this, chosen);
  }

  hasOther(_service: unknown, than: ReadonlySet<string>): boolean {
    return this.addresses.some((_address, i) => !than.has(`instance.${i}`));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

class FixedSlot implements Slot {
  readonly instanceId: string;
  readonly host: string;
  readonly port: number;
  readonly isProbe = false;
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

  answered(busy: boolean): void {
    this.home.answers.push(busy);
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
