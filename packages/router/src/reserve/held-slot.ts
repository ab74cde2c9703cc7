import type { AsyncRequest } from '@waiter/store';
import type { HeldInstance } from './holdings';
import type { ReleaseOutcome, Slot } from './reservations';

/** Where a slot goes back to. */
export interface SlotHome {
  lastRequestAtMs: number;
  release(instance: HeldInstance, outcome: ReleaseOutcome): void;
  /** @param onMoved Redis knows that the slot is the request's, and no longer this worker's */
  entrust(instance: HeldInstance, request: AsyncRequest, onMoved: () => void): void;
  /** The request that it was entrusted to is over before Redis knew of it. */
  revoke(requestId: string): void;
}

/** A slot in use. A class, because one is made per request: two closures less. */
export class HeldSlot implements Slot {
  readonly instanceId: string;
  readonly host: string;
  readonly port: number;
  private released = false;
  private entrustedTo: string | null = null;
  private isMoved = false;

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

  entrust(request: AsyncRequest): Promise<void> {
    this.entrustedTo = request.requestId;
    return new Promise((resolve) => {
      this.home.entrust(this.instance, request, () => {
        this.isMoved = true;
        resolve();
      });
    });
  }

  release(outcome: ReleaseOutcome): void {
    if (this.released) return;
    this.released = true;
    if (this.isMoved) return;
    if (this.entrustedTo !== null) this.home.revoke(this.entrustedTo);
    this.home.release(this.instance, outcome);
  }
}
