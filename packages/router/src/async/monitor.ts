import type { ServiceId } from '@waiter/core';
import type { AsyncRequest, AsyncRequestStore } from '@waiter/store';
import type { Slot } from '../reserve';
import type { AsyncState } from './status-check';

/** A look at a status that takes longer has failed. */
export const CHECK_TIMEOUT_MS = 30_000;
/** So much later than promised may a worker look at a request before another one does. */
export const GRACE_MS = 1_500;

/** What a monitor needs of the worker. */
export interface MonitorHome {
  readonly workerId: string;
  readonly store: Pick<AsyncRequestStore, 'accept' | 'hold'>;
  /** How often the connection to Redis broke: what is gone after a break may be lost rather than over. */
  readonly interruptions: number;
  look(request: AsyncRequest, timeoutMs: number): Promise<AsyncState>;
  /** It is over: its slot goes back. */
  over(serviceId: ServiceId, requestId: string, state: 'over' | 'failed'): void;
  /** It is none of this worker's business any more. */
  dropped(requestId: string): void;
}

/** For how long a worker promises to look after a request, between two looks. */
export function asyncHoldMs({ checkIntervalMs }: AsyncRequest): number {
  return checkIntervalMs + GRACE_MS;
}

/** Looks at one async request from time to time until it is over (spec: request-path 7.2). */
export class Monitor {
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;
  private seenInterruptions: number;
  /** Redis knows of it. */
  private recorded: boolean;

  constructor(
    private readonly home: MonitorHome,
    readonly request: AsyncRequest,
    /** Of the worker that accepted the request; null after a takeover: Redis knows the slot. */
    readonly slot: Slot | null,
  ) {
    this.seenInterruptions = home.interruptions;
    this.recorded = slot === null;
    void slot?.entrust(request).then(() => (this.recorded = true));
  }

  /** Looks after a while. */
  wait(): void {
    if (this.stopped) return;
    const { checkIntervalMs, untilMs } = this.request;
    const left = Math.max(0, untilMs - Date.now());
    this.timer = setTimeout(() => void this.look(), Math.min(checkIntervalMs, left)).unref();
  }

  /** Looks now. @param held true: Redis has just said that this worker may */
  async look(held = false): Promise<void> {
    const { home, request } = this;
    const { serviceId, requestId, untilMs } = request;
    if (Date.now() >= untilMs) return this.end('over');
    if (!held && !(await this.hold(CHECK_TIMEOUT_MS + GRACE_MS))) return;
    const state = await home.look(request, CHECK_TIMEOUT_MS);
    if (this.stopped) return;
    if (state !== 'running') return this.end(state);
    if (Date.now() >= untilMs) return home.over(serviceId, requestId, 'over');
    if (await this.hold(asyncHoldMs(request))) this.wait();
  }

  private end(state: 'over' | 'failed'): void {
    const { serviceId, requestId } = this.request;
    if (!this.stopped) this.home.over(serviceId, requestId, state);
  }

  /** @returns false: somebody else looks after it, or it is over */
  private async hold(forMs: number): Promise<boolean> {
    const { home, request } = this;
    const { interruptions } = home;
    if (!this.recorded) return true;
    try {
      const { status } = await home.store.hold(
        request.serviceId,
        request.requestId,
        home.workerId,
        forMs,
        'renew',
      );
      if (this.stopped) return false;
      if (status === 'gone' && interruptions !== this.seenInterruptions) {
        await this.restate();
        return !this.stopped;
      }
      this.seenInterruptions = interruptions;
      if (status === 'held') return true;
      this.stop();
      home.dropped(request.requestId);
      return false;
    } catch {
      // Redis is away: nobody else can look after it either.
      return !this.stopped;
    }
  }

  /** Redis may have lost the request: it and its slot are stated anew. */
  async restate(): Promise<void> {
    const { home, request } = this;
    const { interruptions } = home;
    // What Redis never had comes with its slot.
    if (!this.recorded) return;
    await home.store.accept(request, home.workerId, asyncHoldMs(request), null);
    this.seenInterruptions = interruptions;
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }
}
