import type { Clock, WaiterError } from '@waiter/core';
import { Admissions } from './admissions';
import { ErrorThrottle, type ThrottleRules } from './error-throttle';
import { clientGone, deploymentFailed, queueFull, queueTimeout, type PoolFacts } from './refusals';
import { RequestQueue, type Waiting } from './request-queue';
import type { ReserveOptions, Slot } from './reservations';

/**
 * So many may be undecided before Redis has told whether they may wait. When it is so slow that there are more, a worker
 * counts for itself.
 */
const MOST_UNDECIDED = 1_000;

/** What the room asks of its pool. */
export interface WaitingRoomHost {
  /** `max-queue-length`. */
  limit(): number;
  /** Redis is away: only what is known here counts. */
  isAlone(now: number): boolean;
  queuedElsewhere(now: number): number;
  facts(): PoolFacts;
  entered(): void;
  left(): void;
}

/**
 * The requests of one service that wait on this worker. Waiting is bounded (DESIGN section 5, invariant 8): by the length of
 * the queue in the fleet, by time, by the client's presence, and by bad news.
 */
export class WaitingRoom {
  readonly queue = new RequestQueue();
  readonly admissions = new Admissions<Waiting>();
  private readonly queueThrottle: ErrorThrottle;
  private readonly deploymentThrottle: ErrorThrottle;

  constructor(
    throttle: ThrottleRules,
    private readonly clock: Clock,
    private readonly host: WaitingRoomHost,
  ) {
    this.queueThrottle = new ErrorThrottle(throttle);
    this.deploymentThrottle = new ErrorThrottle(throttle);
  }

  get first(): Waiting | null {
    return this.queue.first;
  }

  /** @param deploymentError why there is nothing to wait for; null when there is */
  enter(options: ReserveOptions, since: number, deploymentError: string | null): Promise<Slot> {
    return new Promise<Slot>((resolve, reject) => {
      const waiting: Waiting = {
        options,
        since,
        resolve,
        reject,
        timer: undefined,
        stage: 'fresh',
        queued: true,
        place: null,
      };
      const queued = this.tooMany(since);
      if (deploymentError !== null) this.refuseForError(waiting, deploymentError);
      else if (queued !== null) this.refuseForLength(waiting, queued);
      else this.wait(waiting);
    });
  }

  /** How many wait already when one more may not (spec: request-path 3.4); null when it may. */
  private tooMany(now: number): number | null {
    const { admissions, host, queue } = this;
    const isCounted = !host.isAlone(now) && admissions.undecided < MOST_UNDECIDED;
    const queued = isCounted ? admissions.admitted + host.queuedElsewhere(now) : queue.length;
    return queued > host.limit() ? queued : null;
  }

  private wait(waiting: Waiting): void {
    const { options } = waiting;
    const { queueTimeoutMs } = options;
    this.queue.push(waiting);
    this.admissions.enter(waiting);
    waiting.timer = setTimeout(() => {
      const error = queueTimeout(this.host.facts(), queueTimeoutMs);
      if (!this.leave(waiting)) return;
      waiting.reject(error);
      this.host.left();
    }, queueTimeoutMs);
    options.onAbort(() => {
      if (!this.leave(waiting)) return;
      waiting.reject(clientGone(this.host.facts()));
      this.host.left();
    });
    this.host.entered();
  }

  /** @returns false when it has left before */
  leave(waiting: Waiting): boolean {
    if (!waiting.queued) return false;
    waiting.queued = false;
    waiting.place?.leave();
    this.admissions.leave(waiting);
    clearTimeout(waiting.timer);
    return true;
  }

  /** So many of those that were told of may wait. */
  decide(admitted: number): void {
    for (const waiting of this.admissions.decide(admitted)) {
      this.leave(waiting);
      const elsewhere = this.host.queuedElsewhere(this.clock.monotonic());
      this.refuseForLength(waiting, this.admissions.admitted + elsewhere);
    }
  }

  /** Fails everything that waits. */
  refuse(reason: (facts: PoolFacts) => WaiterError): void {
    const facts = this.host.facts();
    for (let first = this.queue.first; first !== null; first = this.queue.first) {
      this.leave(first);
      first.reject(reason(facts));
    }
    this.host.left();
  }

  /** The service cannot start: nobody waits for it. */
  refuseAllForError(message: string): void {
    for (let first = this.queue.first; first !== null; first = this.queue.first) {
      this.leave(first);
      this.refuseForError(first, message);
    }
    this.host.left();
  }

  private refuseForError(waiting: Waiting, message: string): void {
    this.later(this.deploymentThrottle, () => waiting.reject(deploymentFailed(this.host.facts(), message)));
  }

  private refuseForLength(waiting: Waiting, queued: number): void {
    const error = queueFull(this.host.facts(), queued, this.host.limit());
    this.later(this.queueThrottle, () => waiting.reject(error));
  }

  /** At once, or a little later where refusals come in masses (spec: request-path 6.8). */
  private later(throttle: ErrorThrottle, refuse: () => void): void {
    const delayMs = throttle.delayMs(this.clock.monotonic());
    if (delayMs === 0) refuse();
    else setTimeout(refuse, delayMs);
  }
}
