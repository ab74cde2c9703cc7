import { systemClock, type Clock, type WorkerId } from '@waiter/core';
import {
  HEARTBEAT_MS,
  WORKER_TTL_MS,
  type LeaseMessage,
  type LeaseStore,
  type Membership,
} from '@waiter/store';
import type { LeaseTrust } from './service-pool';

/** Without Redis for this long, a worker serves from its share; a shorter interruption is only waited for. */
const AWAY_AFTER_MS = 250;

export interface IdentityEvents {
  onMessage(message: LeaseMessage): void;
  /** Back under a new id, or after Redis was away: holdings must be stated again. */
  onReturn(): void;
  /** Redis is away: waiting requests may be served from the share. */
  onAway(): void;
}

/**
 * A worker's membership: heartbeat, the id under which it holds leases, and whether these may be trusted. A worker that
 * was silent too long is buried under its old id and comes back under a new one.
 */
export class Identity {
  private incarnation = 1;
  private joined = false;
  private trustedUntil = 0;
  private away = false;
  private failingSince: number | null = null;
  private beating = false;
  /** This id was given up, and the next heartbeat brings another one. */
  private isDead = false;
  private workerCount = 1;
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;
  private unsubscribe: (() => void) | undefined;
  private readonly clock: Clock;

  constructor(
    private readonly base: WorkerId,
    private readonly members: Membership,
    private readonly leases: LeaseStore,
    private readonly events: IdentityEvents,
    clock: Clock = systemClock,
  ) {
    this.clock = clock;
  }

  get id(): WorkerId {
    return this.idOf(this.incarnation);
  }

  private idOf(incarnation: number): WorkerId {
    return incarnation === 1 ? this.base : `${this.base}~${incarnation}`;
  }

  /** Live workers in the fleet when Redis was last heard; at least 1. */
  get workers(): number {
    return this.workerCount;
  }

  /** Counted from when the heartbeat was sent, so that a reaper never frees what is still used. */
  trust(now: number): LeaseTrust {
    if (this.away) return 'share';
    return now < this.trustedUntil && !this.isDead ? 'yes' : 'no';
  }

  /** Redis gave away what was held under this id. */
  buried(id: WorkerId): void {
    if (id !== this.id || this.isDead) return;
    this.isDead = true;
    this.suspect();
  }

  async start(): Promise<void> {
    this.unsubscribe = await this.leases.subscribe(this.id, this.events.onMessage);
    // A router that is restarted at once under the same name finds what its former life held; nobody else would free it.
    await this.members.leave(this.id).catch(() => undefined);
    await this.beat();
  }

  /** Redis failed somewhere; find out what is the matter now. */
  suspect(): void {
    if (!this.beating && !this.stopped) void this.beat();
  }

  private async beat(): Promise<void> {
    this.beating = true;
    clearTimeout(this.timer);
    const sentAt = this.clock.monotonic();
    let wait = HEARTBEAT_MS;
    try {
      const { alive, workers } = await this.members.heartbeat(this.id, !this.joined);
      this.workerCount = Math.max(1, workers);
      this.failingSince = null;
      if (alive && !this.isDead) this.confirm(sentAt);
      else await this.rebirth();
    } catch {
      wait = 50;
      this.failingSince ??= sentAt;
      if (!this.away && this.clock.monotonic() - this.failingSince >= AWAY_AFTER_MS) {
        this.away = true;
        this.events.onAway();
      }
    } finally {
      this.beating = false;
    }
    if (this.isDead) wait = 0;
    if (!this.stopped) this.timer = setTimeout(() => void this.beat(), wait);
  }

  private confirm(sentAt: number): void {
    const returned = this.away;
    this.joined = true;
    this.away = false;
    this.trustedUntil = sentAt + WORKER_TTL_MS;
    if (returned) this.events.onReturn();
  }

  /** The id changes only when the new one counts as alive, and in the same turn as the holdings are stated anew. */
  private async rebirth(): Promise<void> {
    const incarnation = this.incarnation + 1;
    const id = this.idOf(incarnation);
    const unsubscribe = await this.leases.subscribe(id, this.events.onMessage);
    const sentAt = this.clock.monotonic();
    try {
      await this.members.heartbeat(id, true);
    } catch (error) {
      unsubscribe();
      throw error;
    }
    if (this.stopped) {
      unsubscribe();
      return void (await this.members.leave(id));
    }
    this.unsubscribe?.();
    this.unsubscribe = unsubscribe;
    this.incarnation = incarnation;
    this.isDead = false;
    this.away = false;
    this.trustedUntil = sentAt + WORKER_TTL_MS;
    this.events.onReturn();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    this.unsubscribe?.();
    await this.members.leave(this.id).catch(() => undefined);
  }
}
