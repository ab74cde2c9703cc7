import type { WorkerId } from '@waiter/core';
import type { Grant, LeaseStore } from '@waiter/store';
import type { ServicePool } from './service-pool';
import type { Transfers } from './transfers';

/** Between two exchanges that only say that the queue has grown. */
const GROWTH_MS = 20;
/** While requests wait, the exchange is repeated: it heals lost messages and renews the recall. */
const WAITING_MS = 200;
/** The same while nothing runs: there is nothing to recall, and what opens is told. Below the age at which the count of others is old. */
const NOTHING_RUNS_MS = 450;

export interface ExchangerEvents {
  /** Redis did not answer. */
  onFailure(): void;
  /** This id was taken for dead. */
  onBuried(id: WorkerId): void;
}

interface GrantMessage {
  readonly version: number;
  readonly grants: readonly Grant[];
}

/** This worker was taken for dead under that id; nothing more is leased to it. */
class BuriedError extends Error {
  constructor(readonly workerId: WorkerId) {
    super(`${workerId} was taken for dead`);
    this.name = 'BuriedError';
  }
}

/**
 * Carries one pool's exchanges with Redis: one at a time, what comes up meanwhile goes into the next. Grants that
 * arrive by message during an exchange wait for its reply, so that the version of the holdings tells what is included.
 */
export class Exchanger {
  private version = 0;
  private running = false;
  private requested = false;
  /** An exchange has to happen even if there is nothing to want or give. */
  private forced = false;
  /** The outcome of the last exchange is unknown. */
  private doubtful = false;
  private reassertDue = false;
  private joinedAs: WorkerId | null = null;
  /** Ids that were given up, and under which something may still have been granted. */
  private readonly formerIds = new Set<WorkerId>();
  private stopped = false;
  private heldMessages: GrantMessage[] = [];
  private timer: NodeJS.Timeout | undefined;
  /** Monotonic milliseconds. */
  private timerDueAt = 0;
  /** What Redis was told that we wait for. */
  private registered = 0;

  constructor(
    readonly pool: ServicePool,
    private readonly leases: LeaseStore,
    readonly transfers: Transfers,
    private readonly workerId: () => WorkerId,
    private readonly events: ExchangerEvents,
  ) {}

  /** True when Redis knows of no request here, and no message or reply can bring slots any more. */
  get quiet(): boolean {
    const { running, doubtful, reassertDue, transfers } = this;
    return !running && !doubtful && !reassertDue && !transfers.due && this.registered === 0;
  }

  /** Something changed in the pool; exchange if that is worth it. */
  request(): void {
    if (this.stopped) return;
    if (this.running) {
      this.requested = true;
    } else if (
      this.forced ||
      this.transfers.due ||
      this.pool.queue.length > 0 !== this.registered > 0 ||
      this.pool.exchange.hasErrand
    ) {
      void this.run();
    } else if (this.pool.queue.length !== this.registered) {
      this.repeatIn(GROWTH_MS);
    }
  }

  /** Exchanges soon, whatever the pool says: to learn what Redis thinks. */
  force(): void {
    this.forced = true;
    this.request();
  }

  /**
   * This worker was away or taken for dead. From now on only what is in flight counts as held, and that is stated to
   * Redis before anything else.
   */
  rejoin(): void {
    this.reassertDue = true;
    this.pool.settled = false;
    this.pool.holdInFlight();
    this.force();
  }

  /** Slots granted by message. */
  granted(message: GrantMessage): void {
    if (this.running) this.heldMessages.push(message);
    else this.apply(message);
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  private async run(): Promise<void> {
    this.running = true;
    this.requested = false;
    this.forced = false;
    clearTimeout(this.timer);
    this.timer = undefined;
    try {
      if (this.reassertDue) await this.reassert();
      if (this.transfers.due) await this.transfer();
      await this.exchange();
    } catch (error) {
      this.doubtful = true;
      this.registered = 0;
      this.pool.exchange.failed();
      if (error instanceof BuriedError) this.events.onBuried(error.workerId);
      else this.events.onFailure();
      this.repeatIn(WAITING_MS);
    } finally {
      this.running = false;
    }
    const messages = this.heldMessages;
    this.heldMessages = [];
    for (const message of messages) this.apply(message);
    if (this.pool.queue.length > 0) this.repeatIn(this.pool.hasOpenInstances ? WAITING_MS : NOTHING_RUNS_MS);
    // Idle slots elsewhere are being recalled; after that it is decided who may wait.
    if (this.pool.room.admissions.due > 0) this.repeatIn(GROWTH_MS);
    if ((this.requested || this.forced) && !this.doubtful) this.request();
  }

  private async exchange(): Promise<void> {
    const workerId = this.workerId();
    await this.join(workerId);
    const proposal = this.pool.exchange.prepare();
    const want = this.pool.queue.length;
    const reply = await this.leases.exchange({
      workerId,
      serviceId: this.pool.service.serviceId,
      version: this.version,
      doubtful: this.doubtful,
      ...proposal,
    });
    if (reply.status === 'buried') throw new BuriedError(workerId);
    // Taken for dead meanwhile: the reply speaks of an id that is being given away.
    if (workerId !== this.workerId() || reply.status === 'lost') {
      this.pool.exchange.failed();
      return this.rejoin();
    }
    this.doubtful = false;
    this.version = reply.version;
    this.registered = reply.status === 'ok' ? want : 0;
    if (reply.status === 'resync') this.forced = true;
    this.pool.exchange.settle(reply);
    if (this.pool.queue.length !== want) this.requested = true;
  }

  private async transfer(): Promise<void> {
    const workerId = this.workerId();
    await this.join(workerId);
    if (!(await this.transfers.run(workerId))) this.doubtful = true;
  }

  private async reassert(): Promise<void> {
    const workerId = this.workerId();
    const known = this.joinedAs === workerId ? this.version : 0;
    await this.join(workerId);
    this.pool.holdInFlight();
    const inFlight = this.pool.holdings.inFlight();
    const { serviceId } = this.pool.service;
    const version = await this.leases.reassert(workerId, serviceId, known, inFlight);
    if (version === null) throw new BuriedError(workerId);
    this.version = version;
    // Only now: what is in flight stays counted. The reaper may have been there before our last exchange.
    for (const former of this.formerIds) {
      await this.leases.reap(former, serviceId);
      this.formerIds.delete(former);
    }
    this.registered = 0;
    this.reassertDue = false;
    this.pool.settled = true;
    this.doubtful = false;
  }

  /** The reaper must know where to look before there is anything to find. */
  private async join(workerId: WorkerId): Promise<void> {
    if (this.joinedAs === workerId) return;
    if (!(await this.leases.join(workerId, this.pool.service.serviceId))) throw new BuriedError(workerId);
    if (this.joinedAs !== null) this.formerIds.add(this.joinedAs);
    this.joinedAs = workerId;
    if (!this.reassertDue) this.version = 0;
  }

  private apply({ version, grants }: GrantMessage): void {
    if (version <= this.version || this.reassertDue) return;
    if (version !== this.version + 1 || this.doubtful) {
      // A message was missed; the next exchange brings everything.
      this.force();
      return;
    }
    this.version = version;
    this.registered = Math.max(0, this.registered - grants.reduce((sum, { slots }) => sum + slots, 0));
    this.pool.exchange.grant(grants);
    this.request();
  }

  private repeatIn(ms: number): void {
    if (this.stopped) return;
    // What is asked for over and over must not be put off by that, or a queue that changes all the time is never told.
    const dueAt = performance.now() + ms;
    if (this.timer !== undefined) {
      if (this.timerDueAt <= dueAt) return;
      clearTimeout(this.timer);
    }
    this.timerDueAt = dueAt;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.force();
    }, ms);
  }
}
