import type { HeldInstance } from './holdings';
import type { ReleaseOutcome, Slot } from './reservations';

/** Where a slot goes back to. */
export interface SlotHome {
  lastRequestAtMs: number;
  release(instance: HeldInstance, outcome: ReleaseOutcome): void;
}

/** A slot in use. A class, because one is made per request: two closures less. */
export class HeldSlot implements Slot {
  readonly instanceId: string;
  readonly host: string;
  readonly port: number;
  private released = false;

  constructor(
    private readonly home: SlotHome,
    private readonly instance: HeldInstance,
    readonly waitedMs: number,
  ) {
    this.instanceId = instance.id;
    this.host = instance.host;
    this.port = instance.port;
  }

  get startedAtMs(): number {
    return this.instance.startedAtMs;
  }

  get draining(): boolean {
    return this.instance.draining;
  }

  touch(atMs: number): void {
    if (atMs > this.home.lastRequestAtMs) this.home.lastRequestAtMs = atMs;
  }

  release(outcome: ReleaseOutcome): void {
    if (this.released) return;
    this.released = true;
    this.home.release(this.instance, outcome);
  }
}
