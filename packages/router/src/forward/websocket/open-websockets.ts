import type { Slot } from '../../reserve';
import type { WebSocketRelay } from './relay';

/** How exact the timeouts of WebSockets are. */
const CHECK_MS = 100;
const GOING_AWAY = 1001;
const POLICY = 1008;

interface Entry {
  readonly relay: WebSocketRelay;
  readonly slot: Slot;
  /** When it must end at the latest, monotonic milliseconds. */
  readonly until: number;
  /** When it is closed because one of the machines stops; Infinity: none does. */
  leaveAt: number;
}

/** The WebSockets of a worker: one timer looks after all of them. */
export class OpenWebSockets {
  private readonly entries = new Set<Entry>();
  private timer: NodeJS.Timeout | undefined;
  private leavingWithinMs: number | null = null;

  constructor(
    /**
     * How long an instance that is to stop may have clients. They may end by themselves for half of it; in the other half they
     * are sent away, one by one, so that they can come back elsewhere.
     */
    private readonly drainMs: number,
  ) {}

  /** @param maxAgeMs it is closed when it is this old */
  add(relay: WebSocketRelay, slot: Slot, maxAgeMs: number): void {
    const entry: Entry = { relay, slot, until: performance.now() + maxAgeMs, leaveAt: Infinity };
    if (this.leavingWithinMs !== null) this.plan(entry, 0, this.leavingWithinMs);
    this.entries.add(entry);
    this.timer ??= setInterval(() => this.check(), CHECK_MS).unref();
  }

  get size(): number {
    return this.entries.size;
  }

  /** This router stops: everybody is sent away within the time, one after the other rather than all in one moment. */
  drain(withinMs: number): void {
    this.leavingWithinMs = withinMs;
    for (const entry of this.entries) this.plan(entry, 0, withinMs);
  }

  private plan(entry: Entry, fromMs: number, toMs: number): void {
    const inMs = fromMs + Math.random() * (toMs - fromMs);
    entry.leaveAt = Math.min(entry.leaveAt, performance.now() + inMs);
  }

  private check(): void {
    const now = performance.now();
    for (const entry of this.entries) {
      const { relay, slot } = entry;
      if (relay.closed) {
        this.entries.delete(entry);
        continue;
      }
      // Frames of the client are requests too: they keep the service in use (spec: request-path 5.7).
      if (now - relay.clientActiveAt < 2 * CHECK_MS) slot.touch(Date.now());
      if (this.leavingWithinMs === null) {
        if (!slot.draining) entry.leaveAt = Infinity;
        else if (entry.leaveAt === Infinity) this.plan(entry, this.drainMs / 2, this.drainMs);
      }
      if (now >= entry.leaveAt) relay.close(GOING_AWAY, 'Server is shutting down');
      else if (now >= entry.until) relay.close(POLICY, 'Cookie Expired');
      relay.check(now);
    }
    if (this.entries.size === 0) {
      clearInterval(this.timer);
      this.timer = undefined;
    }
  }
}
