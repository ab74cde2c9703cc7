import type { WaiterError } from '@waiter/core';
import { rankOf, type QueuedRequests } from '@waiter/store';
import type { Stage } from './admissions';
import type { ReserveOptions, Slot } from './reservations';
import { WaitQueue, type Place } from './wait-queue';

/** A request that waits for a slot. */
export interface Waiting {
  readonly options: ReserveOptions;
  /** Monotonic milliseconds. */
  readonly since: number;
  readonly resolve: (slot: Slot) => void;
  readonly reject: (error: WaiterError) => void;
  timer: NodeJS.Timeout | undefined;
  stage: Stage;
  /** False once it left the queue. */
  queued: boolean;
  place: Place | null;
}

/** A worker's requests for one service that wait: prioritised ones before all others (spec: request-path 3.4). */
export class RequestQueue {
  private readonly prioritisedOnes = new WaitQueue<Waiting>();
  private readonly ordinaryOnes = new WaitQueue<Waiting>();

  get length(): number {
    return this.prioritisedOnes.length + this.ordinaryOnes.length;
  }

  /** Who is served first. */
  get first(): Waiting | null {
    return this.prioritisedOnes.first ?? this.ordinaryOnes.first;
  }

  /** Rank of who is served first; null when empty. */
  get firstRank(): number | null {
    return this.prioritisedOnes.firstRank ?? this.ordinaryOnes.firstRank;
  }

  /** Epoch milliseconds; null when empty. */
  get oldestArrivalMs(): number | null {
    const first = [this.prioritisedOnes.first, this.ordinaryOnes.first].flatMap((one) =>
      one === null ? [] : [one.options.arrivedAtMs],
    );
    return first.length === 0 ? null : Math.min(...first);
  }

  get prioritised(): QueuedRequests {
    return described(this.prioritisedOnes);
  }

  get ordinary(): QueuedRequests {
    return described(this.ordinaryOnes);
  }

  push(waiting: Waiting): void {
    const { arrivedAtMs, prioritised = false } = waiting.options;
    const queue = prioritised ? this.prioritisedOnes : this.ordinaryOnes;
    waiting.place = queue.push(waiting, rankOf(arrivedAtMs, prioritised));
  }
}

function described(queue: WaitQueue<Waiting>): QueuedRequests {
  const { length } = queue;
  const firstRank = queue.firstRank ?? 0;
  const step = length > 1 ? ((queue.lastRank ?? 0) - firstRank) / (length - 1) : 0;
  return { count: length, firstRank, step };
}
