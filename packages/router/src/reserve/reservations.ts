import type { InstanceId, LoadBalancing, ServiceId } from '@waiter/core';
import type { AsyncRequest } from '@waiter/store';

/** How the exchange with an instance ended (spec: request-path 1.7, 3.8). */
export type ReleaseOutcome =
  'success' | 'instance-error' | 'instance-busy' | 'client-error' | 'generic-error';

/** What reservation needs to know of a service. */
export interface ReservableService {
  readonly serviceId: ServiceId;
  readonly concurrencyLevel: number;
  readonly loadBalancing: LoadBalancing;
  readonly maxQueueLength: number;
  /** Which of an instance's ports; default 0. */
  readonly portIndex?: number;
  /** Of this request: see `ReserveOptions`. */
  readonly prioritised?: boolean;
}

export interface ReserveOptions {
  readonly queueTimeoutMs: number;
  /** Epoch milliseconds; decides who is served first in the whole fleet. */
  readonly arrivedAtMs: number;
  /** Registers what is to happen when the client hangs up. */
  onAbort(listener: () => void): void;
  /** Instances that failed this request already; taken only if there is no other. */
  readonly exclude?: ReadonlySet<InstanceId>;
  /** Goes before all requests that are not (spec: request-path 3.4); default false. */
  readonly prioritised?: boolean;
}

/** The right to have one request in flight on one instance. */
export interface Slot {
  readonly instanceId: InstanceId;
  readonly host: string;
  readonly port: number;
  /** When the instance started, by the clock of its machine, epoch milliseconds; 0: nobody knows. */
  readonly startedAtMs: number;
  /** Time in the queue, milliseconds with fraction. */
  readonly waitedMs: number;
  /** The instance is to be stopped as soon as its slots are back: what can begin anew elsewhere should. */
  readonly draining: boolean;
  /** The instance failed lately, and this request is to find out whether it serves again; else it would be waiting. */
  readonly isProbe: boolean;
  /** Something was asked of the instance just now, within an exchange that lasts. @param atMs epoch milliseconds */
  touch(atMs: number): void;
  /**
   * The instance sent the head of its response. May be left out where the outcome of `release` tells as much.
   * @param busy the response says that the instance takes no more: it gets no new requests for a time
   */
  answered(busy: boolean): void;
  /**
   * The slot goes on to belong to an async request, whatever becomes of this worker. It is still to be released, when the
   * request is over.
   * @returns when Redis knows; never rejects, and does not settle while Redis is away
   */
  entrust(request: AsyncRequest): Promise<void>;
  /** Must be called once, when the exchange with the instance is over; further calls do nothing. */
  release(outcome: ReleaseOutcome): void;
}

export interface Reservations {
  /**
   * The same without waiting: a slot that is at hand, else null, and nothing has happened then.
   * @param arrivedAtMs epoch milliseconds
   */
  tryReserve(service: ReservableService, arrivedAtMs: number): Slot | null;
  /** @throws WaiterError 503 (spec: request-path 6.4); 400 when the client hung up */
  reserve(service: ReservableService, options: ReserveOptions): Promise<Slot>;
  /** Whether an instance can be expected to serve that is none of these: else another attempt is no use. */
  hasOther(service: ReservableService, than: ReadonlySet<InstanceId>): boolean;
  /** Fails what waits, waits for what is in flight at most `drainMs`, gives every lease back. */
  close(drainMs?: number): Promise<void>;
}
