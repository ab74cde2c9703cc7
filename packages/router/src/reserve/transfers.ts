import type { WorkerId } from '@waiter/core';
import type { AsyncRequest, AsyncRequestStore } from '@waiter/store';

/** A slot in use that goes on to belong to an async request. */
export interface Transfer {
  readonly request: AsyncRequest;
  /** @param wasHeld the slot was taken from what this worker holds */
  onMoved(wasHeld: boolean): void;
}

/** What a worker promises beyond the interval of its looks: see `Monitor`. */
export type HoldMs = (request: AsyncRequest) => number;

/** The transfers of one service that Redis does not know yet. */
export class Transfers {
  private readonly waiting = new Map<string, Transfer>();

  constructor(
    private readonly store: Pick<AsyncRequestStore, 'accept'>,
    /** Who looks after the requests: the same through all lives of the worker. */
    private readonly owner: WorkerId,
    private readonly holdMs: HoldMs,
  ) {}

  get due(): boolean {
    return this.waiting.size > 0;
  }

  add(transfer: Transfer): void {
    this.waiting.set(transfer.request.requestId, transfer);
  }

  remove(requestId: string): void {
    this.waiting.delete(requestId);
  }

  /**
   * Tells Redis, between two exchanges: what is held changes.
   * @param holder the id under which the worker holds slots now
   * @returns false: what is held must be asked for, because a transfer had happened already, or the slot was not held
   * @throws what Redis throws; then it is unknown what has happened
   */
  async run(holder: WorkerId): Promise<boolean> {
    let isCertain = true;
    for (const transfer of [...this.waiting.values()]) {
      const { request } = transfer;
      const wasHeld = await this.store.accept(request, this.owner, this.holdMs(request), holder);
      if (!wasHeld) isCertain = false;
      // Over meanwhile: whoever ended it tells Redis so, after this.
      if (!this.waiting.delete(request.requestId)) isCertain = false;
      else transfer.onMoved(wasHeld);
    }
    return isCertain;
  }
}
