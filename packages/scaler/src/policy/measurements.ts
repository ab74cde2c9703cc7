import type { InstanceId } from '@waiter/core';
import type { ServiceLoad } from '@waiter/store';
import type { LaunchPhase } from '../service/launch-tracker';

/** What has to survive the leader of what was measured. */
export interface Measured {
  /** Milliseconds; null until measured. */
  readonly serviceMs: number | null;
  readonly startupMs: number | null;
}

/** Service time is that of about the last minute, or of so many requests where they are fewer. */
const SERVICE_MEMORY_MS = 60_000;
const SERVICE_MEMORY_REQUESTS = 20;
/** Start-up time is that of about so many starts. */
const STARTUP_MEMORY = 10;
const LAUNCHES_KEPT = 1_000;

/** What a policy wants to know of one service beyond its load at this moment, measured from load reports and starts. */
export class Measurements {
  /** Since `take`. */
  private arrivals = 0;
  private demandMs = 0;
  private lengthMs = 0;
  private last: { readonly atMs: number; readonly load: ServiceLoad } | null = null;
  /** Recent slot time and recent ends: their ratio is the service time. */
  private slotMs = 0;
  private ended = 0;
  private startupMs: number | null;
  /** Launches under way: how long they have taken so far. */
  private readonly launching = new Map<InstanceId, number>();
  private readonly fallbackServiceMs: number | null;

  /** @param before what the former leader had measured */
  constructor(before: Measured | null) {
    this.startupMs = before?.startupMs ?? null;
    this.fallbackServiceMs = before?.serviceMs ?? null;
  }

  get measured(): Measured {
    return {
      serviceMs: this.ended >= 1 ? this.slotMs / this.ended : this.fallbackServiceMs,
      startupMs: this.startupMs,
    };
  }

  /** A phase of a launch ended; together they are the start-up, from the request to the first passed check. */
  launched({ phase, instanceId, tookMs }: LaunchPhase): void {
    const sinceAskedMs = (this.launching.get(instanceId) ?? 0) + tookMs;
    this.launching.delete(instanceId);
    if (phase !== 'ready') {
      // Those that never get ready must not stay for ever.
      if (this.launching.size >= LAUNCHES_KEPT) this.launching.clear();
      this.launching.set(instanceId, sinceAskedMs);
      return;
    }
    this.startupMs =
      this.startupMs === null
        ? sinceAskedMs
        : this.startupMs + (sinceAskedMs - this.startupMs) / STARTUP_MEMORY;
  }

  /** @param nowMs monotonic */
  observe(load: ServiceLoad, nowMs: number): void {
    const { last } = this;
    this.last = { atMs: nowMs, load };
    if (last === null) return;
    const elapsedMs = nowMs - last.atMs;
    const arrived = load.total - last.load.total;
    const slotMs = load.inFlightMs - last.load.inFlightMs;
    // A worker left or came: sums of counters say nothing then.
    const comparable = arrived >= 0 && slotMs >= 0 && load.demandMs >= last.load.demandMs;
    const outstanding = load.inFlight + load.queued;
    this.lengthMs += elapsedMs;
    this.demandMs += comparable ? load.demandMs - last.load.demandMs : outstanding * elapsedMs;
    if (!comparable) return;
    this.arrivals += arrived;
    const ended = Math.max(0, arrived + last.load.inFlight + last.load.queued - outstanding);
    const kept = this.ended <= SERVICE_MEMORY_REQUESTS ? 1 : Math.exp(-elapsedMs / SERVICE_MEMORY_MS);
    this.slotMs = this.slotMs * kept + slotMs;
    this.ended = this.ended * kept + ended;
  }

  /** Arrivals and mean demand since the last call. */
  take(): { readonly arrivals: number; readonly elapsedMs: number; readonly meanDemand: number | null } {
    const { arrivals, lengthMs, demandMs } = this;
    this.arrivals = 0;
    this.lengthMs = 0;
    this.demandMs = 0;
    return { arrivals, elapsedMs: lengthMs, meanDemand: lengthMs > 0 ? demandMs / lengthMs : null };
  }
}
