import type { AsyncRequest } from '@waiter/store';
import type { HeldInstance } from './holdings';
import type { ReleaseOutcome, Slot } from './reservations';

/** What a pool is told of its slots. */
export interface SlotOwner {
  /** Epoch milliseconds. */
  lastRequestAtMs: number;
  failed(slot: HeldSlot): void;
  served(slot: HeldSlot): void;
  released(slot: HeldSlot): void;
  /** @param onMoved Redis knows that the slot is the request's, and no longer this worker's */
  entrust(slot: HeldSlot, request: AsyncRequest, onMoved: () => void): void;
  /** The request that it was entrusted to is over before Redis knew of it. */
  revoke(requestId: string): void;
}

/** A slot in use. One is made for each request: small, and without closures. */
export class HeldSlot implements Slot {
  private isOver = false;
  /** Something was said of the instance already: the first word counts. */
  private isJudged = false;
  private entrustedTo: string | null = null;
  private isMoved = false;
  /** The instance's, when the request began. */
  readonly round: number;

  constructor(
    private readonly owner: SlotOwner,
    readonly instance: HeldInstance,
    readonly waitedMs: number,
    readonly isProbe: boolean,
  ) {
    this.round = instance.round;
  }

  get instanceId(): string {
    return this.instance.id;
  }

  get host(): string {
    return this.instance.host;
  }

  get port(): number {
    return this.instance.port;
  }

  get startedAtMs(): number {
    return this.instance.startedAtMs;
  }

  get draining(): boolean {
    return this.instance.draining;
  }

  /** False while a probe has told nothing. */
  get conclusive(): boolean {
    return this.isJudged;
  }

  touch(atMs: number): void {
    if (atMs > this.owner.lastRequestAtMs) this.owner.lastRequestAtMs = atMs;
  }

  answered(busy: boolean): void {
    if (this.isJudged || (!busy && !this.isProbe)) return;
    this.isJudged = true;
    if (busy) this.owner.failed(this);
    else this.owner.served(this);
  }

  entrust(request: AsyncRequest): Promise<void> {
    this.entrustedTo = request.requestId;
    return new Promise((resolve) => {
      this.owner.entrust(this, request, () => {
        this.isMoved = true;
        resolve();
      });
    });
  }

  release(outcome: ReleaseOutcome): void {
    if (this.isOver) return;
    this.isOver = true;
    if (!this.isJudged) {
      if (outcome === 'instance-error' || outcome === 'instance-busy') this.answered(true);
      else if (outcome === 'success') this.answered(false);
    }
    if (this.isMoved) return;
    if (this.entrustedTo !== null) this.owner.revoke(this.entrustedTo);
    this.owner.released(this);
  }
}
