import { EventEmitter } from 'node:events';
import { systemClock, type Clock, type Epoch } from '@waiter/core';
import type { Connection } from './connection';

export interface LeadershipOptions {
  /** Unique per process. */
  readonly candidate: string;
  /** How long the lease lasts without renewal. */
  readonly leaseMs: number;
  /** How often it is renewed or campaigned for. */
  readonly renewMs: number;
  readonly clock?: Clock;
}

/**
 * The leadership lease. A leader counts its lease from the moment it *sent* the renewal, by its own monotonic clock,
 * and stops acting a margin before the lease can end in Redis: two scalers never act at once, however late replies come.
 * Emits `elected` (epoch) and `deposed`.
 */
export class Leadership extends EventEmitter<{ elected: [Epoch]; deposed: [] }> {
  private epoch: Epoch | null = null;
  private actUntil = 0;
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;
  private readonly clock: Clock;
  private readonly marginMs: number;

  constructor(
    private readonly connection: Connection,
    private readonly options: LeadershipOptions,
  ) {
    super();
    this.clock = options.clock ?? systemClock;
    this.marginMs = Math.min(500, options.leaseMs / 4);
  }

  start(): void {
    void this.campaign();
  }

  /** The epoch while this process may act as leader, else null. Ask before every effect. */
  acting(): Epoch | null {
    return this.epoch !== null && this.clock.monotonic() < this.actUntil ? this.epoch : null;
  }

  private async campaign(): Promise<void> {
    const { keys } = this.connection;
    const sentAt = this.clock.monotonic();
    let wait = this.options.renewMs;
    try {
      const [won, value] = (await this.connection.run(
        'campaign',
        [keys.leader(), keys.epoch()],
        [this.options.candidate, this.options.leaseMs],
      )) as [number, number];
      if (this.stopped) return;
      if (won === 1) this.lead(value, sentAt);
      else {
        this.step();
        wait = Math.min(wait, Math.max(value, 20));
      }
    } catch {
      // Redis is away: keep what is left of the lease, no longer.
      if (this.acting() === null) this.step();
    }
    if (!this.stopped) this.timer = setTimeout(() => void this.campaign(), wait);
  }

  private lead(epoch: Epoch, sentAt: number): void {
    this.actUntil = sentAt + this.options.leaseMs - this.marginMs;
    // The reply came so late that the lease may be over: the next renewal decides.
    if (this.epoch === epoch || this.clock.monotonic() >= this.actUntil) return;
    this.step();
    this.epoch = epoch;
    this.emit('elected', epoch);
  }

  /** Stops leading without giving the lease up: somebody else has it, or nobody can know. */
  step(): void {
    if (this.epoch === null) return;
    this.epoch = null;
    this.actUntil = 0;
    this.emit('deposed');
  }

  /** Stops and gives the lease up, so that another can lead at once. */
  async resign(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    this.step();
    await this.connection.run('resign', [this.connection.keys.leader()], [this.options.candidate]);
  }
}

/** Who leads, for status pages. */
export async function readLeader(
  connection: Connection,
): Promise<{ readonly holder: string; readonly epoch: Epoch } | null> {
  const { redis, keys } = connection;
  const [holder, epoch] = await redis.mget(keys.leader(), keys.epoch());
  return typeof holder === 'string' ? { holder, epoch: Number(epoch) } : null;
}
