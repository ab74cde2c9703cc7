import type { ServiceId } from '@waiter/core';
import type { Store, WorkerLoad } from '@waiter/store';
import type { SlotReservations } from '../reserve';

/** How often load is looked at; sent when it changed, and each second anyway (DESIGN section 7). */
const REPORT_MS = 250;
const REFRESH_MS = 1_000;
/** Between two nudges for the same service while its queue only grows. */
const NUDGE_MS = 250;
/** The same while nothing changes: the scaler looks by itself each second, so this is only for a nudge that was lost. */
const NUDGE_AGAIN_MS = 3_000;

const same = (a: WorkerLoad | undefined, b: WorkerLoad): boolean =>
  a !== undefined && a.inFlight === b.inFlight && a.queued === b.queued && a.total === b.total;

/**
 * Writes a worker's load to the ledger, and nudges the scaler when requests wait.
 */
export class LoadReporter {
  private sent = new Map<ServiceId, WorkerLoad>();
  private sentAt = 0;
  private timer: NodeJS.Timeout | undefined;
  private readonly nudgedAt = new Map<ServiceId, number>();

  constructor(
    private readonly store: Store,
    private readonly reservations: () => SlotReservations,
    /** Passes the nudge to the control process, which speaks BullMQ. */
    private readonly nudge: (serviceId: ServiceId) => void,
  ) {}

  start(): void {
    this.timer = setInterval(() => void this.report(), REPORT_MS);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** Requests of this service wait for a slot. */
  waiting(serviceId: ServiceId): void {
    const now = performance.now();
    if (now - (this.nudgedAt.get(serviceId) ?? -Infinity) < NUDGE_MS) return;
    this.nudgedAt.set(serviceId, now);
    // The nudge does not wait for the report: the scaler also looks at who waits for slots, which this worker has
    // registered already. Requests that arrive in the same turn belong to the same report.
    this.nudge(serviceId);
    setImmediate(() => void this.report());
  }

  /** Sends what changed; everything, once a second. */
  async report(): Promise<void> {
    const loads = this.reservations().loads();
    const now = performance.now();
    const due = now - this.sentAt >= REFRESH_MS;
    const changed = new Map([...loads].filter(([id, load]) => due || !same(this.sent.get(id), load)));
    const gone = [...this.sent.keys()].filter((id) => !loads.has(id));
    for (const [id, { queued }] of loads) {
      if (queued > 0 && now - (this.nudgedAt.get(id) ?? -Infinity) >= NUDGE_AGAIN_MS) this.waiting(id);
    }
    if (changed.size === 0 && gone.length === 0) return;
    this.sent = loads;
    if (due) this.sentAt = now;
    for (const id of gone) this.nudgedAt.delete(id);
    await this.store.load.report(this.reservations().workerId, changed, gone).catch(() => undefined);
  }
}
