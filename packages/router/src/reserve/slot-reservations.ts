import { systemClock, type Clock, type InstanceId, type ServiceId, type WorkerId } from '@waiter/core';
import type { ChangeNotice, LeaseMessage, Store, WorkerLoad } from '@waiter/store';
import { Exchanger } from './exchanger';
import { Identity } from './identity';
import { LoadIntegral } from './load-integral';
import { routerStops } from './refusals';
import type { ReservableService, Reservations, ReserveOptions, Slot } from './reservations';
import { DEFAULT_RULES, type ReservationRules } from './rules';
import { Transfers, type HoldMs, type Transfer } from './transfers';
import { ServicePool, type LeaseTrust, type PoolEnvironment } from './service-pool';

/** How often idle slots are looked at. */
const IDLE_CHECK_MS = 500;
/** A service without requests for this long is forgotten by the worker. */
const FORGET_AFTER_MS = 60_000;
const CLOSE_POLL_MS = 20;
/** A queue in front of running instances that is this old is worth an evaluation of its own. */
const LASTING_QUEUE_MS = 100;

export interface SlotReservationsOptions {
  /** `<router id>/<n>`, unique in the fleet and never used again. */
  readonly workerId: WorkerId;
  readonly store: Store;
  /** Requests of this service wait: tell the scaler. */
  readonly onWaiting: (serviceId: ServiceId) => void;
  readonly clock?: Clock;
  /** For how long this worker promises to look after an async request, before it looks again. */
  readonly holdMs?: HoldMs;
  readonly rules?: ReservationRules;
}

const DEFAULT_HOLD_MS: HoldMs = ({ checkIntervalMs }) => checkIntervalMs;

interface Entry {
  readonly pool: ServicePool;
  readonly exchanger: Exchanger;
  readonly integral: LoadIntegral;
  /** The latest snapshot could not be read. */
  outdated: boolean;
}

/** One worker's reservations: a pool per service, and this worker's part in the lease protocol. */
export class SlotReservations implements Reservations, PoolEnvironment {
  private readonly entries = new Map<ServiceId, Entry>();
  private readonly store: Store;
  private readonly identity: Identity;
  private unsubscribe: (() => void) | undefined;
  private closed: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private readonly lookedAtLater = new Set<ServiceId>();
  private closing = false;
  readonly clock: Clock;
  readonly rules: ReservationRules;

  private constructor(private readonly options: SlotReservationsOptions) {
    this.clock = options.clock ?? systemClock;
    this.rules = options.rules ?? DEFAULT_RULES;
    this.store = options.store;
    this.identity = new Identity(
      options.workerId,
      options.store.members,
      options.store.leases,
      {
        onMessage: (message) => this.onMessage(message),
        onReturn: () => this.onReturn(),
        onAway: () => this.entries.forEach(({ pool }) => pool.serve()),
      },
      this.clock,
    );
  }

  /** Joins the fleet. */
  static async start(options: SlotReservationsOptions): Promise<SlotReservations> {
    const reservations = new SlotReservations(options);
    reservations.unsubscribe = await options.store.changes.subscribe(
      (notice) => reservations.onNotice(notice),
      () => reservations.reconnected(),
    );
    await reservations.identity.start();
    reservations.timer = setInterval(() => reservations.housekeep(), IDLE_CHECK_MS);
    return reservations;
  }

  get workerId(): WorkerId {
    return this.identity.id;
  }

  tryReserve(service: ReservableService, arrivedAtMs: number): Slot | null {
    if (this.closing) return null;
    return this.entries.get(service.serviceId)?.pool.tryReserve(arrivedAtMs) ?? null;
  }

  reserve(service: ReservableService, options: ReserveOptions): Promise<Slot> {
    const entry = this.entries.get(service.serviceId) ?? this.enter(service);
    if (this.closing) return Promise.reject(routerStops(entry.pool.facts()));
    entry.pool.service = service;
    return entry.pool.reserve(options);
  }

  hasOther({ serviceId }: ReservableService, than: ReadonlySet<InstanceId>): boolean {
    return this.entries.get(serviceId)?.pool.hasOther(than) ?? false;
  }

  /** Load per service for the ledger; services without any activity since the last call stay in. */
  loads(): Map<ServiceId, WorkerLoad> {
    const now = this.clock.now();
    const loads = new Map<ServiceId, WorkerLoad>();
    const monotonicMs = this.clock.monotonic();
    for (const [id, { pool, integral }] of this.entries) {
      const oldest = pool.queue.oldestArrivalMs;
      integral.sample(monotonicMs, pool.inFlight, pool.queue.length);
      loads.set(id, {
        inFlight: pool.inFlight,
        queued: pool.queue.length,
        oldestWaitMs: oldest === null ? 0 : Math.max(0, now - oldest),
        total: pool.total,
        lastRequestAtMs: pool.lastRequestAtMs,
        inFlightMs: integral.inFlightMs,
        demandMs: integral.demandMs,
      });
    }
    return loads;
  }

  trust(pool: ServicePool, now: number): LeaseTrust {
    const trust = this.identity.trust(now);
    return trust === 'yes' && !pool.settled ? 'no' : trust;
  }

  workers(): number {
    return this.identity.workers;
  }

  wantsExchange(pool: ServicePool): void {
    if (this.identity.trust(this.clock.monotonic()) === 'share') return;
    this.entries.get(pool.service.serviceId)?.exchanger.request();
  }

  /** Without an instance the scaler is told at once; with some, only of requests that wait for long: most are served in a moment. */
  waiting(pool: ServicePool): void {
    const { serviceId } = pool.service;
    if (!pool.hasOpenInstances) return this.options.onWaiting(serviceId);
    if (this.lookedAtLater.has(serviceId)) return;
    this.lookedAtLater.add(serviceId);
    setTimeout(() => {
      this.lookedAtLater.delete(serviceId);
      if (pool.waitsSince(this.clock.monotonic() - LASTING_QUEUE_MS / 2)) this.options.onWaiting(serviceId);
      else if (pool.queue.length > 0) this.waiting(pool);
    }, LASTING_QUEUE_MS).unref();
  }

  entrust(pool: ServicePool, transfer: Transfer): void {
    const exchanger = this.entries.get(pool.service.serviceId)?.exchanger;
    exchanger?.transfers.add(transfer);
    exchanger?.request();
  }

  revoke(pool: ServicePool, requestId: string): void {
    this.entries.get(pool.service.serviceId)?.exchanger.transfers.remove(requestId);
  }

  /** An instance fails so often that it is to be replaced. */
  failing(pool: ServicePool): void {
    if (pool.ejections.mostFailures < this.rules.expiryFailures) return;
    this.options.onWaiting(pool.service.serviceId);
  }

  private enter(service: ReservableService): Entry {
    const pool = new ServicePool(service, this);
    const { workerId, holdMs = DEFAULT_HOLD_MS } = this.options;
    const transfers = new Transfers(this.store.asyncRequests, workerId, holdMs);
    const exchanger = new Exchanger(pool, this.store.leases, transfers, () => this.identity.id, {
      onFailure: () => this.identity.suspect(),
      onBuried: (id) => this.identity.buried(id),
    });
    const entry = { pool, exchanger, integral: new LoadIntegral(), outdated: false };
    this.entries.set(service.serviceId, entry);
    this.refresh(entry);
    return entry;
  }

  /** Reads the snapshot: which instances there are, and whether the service can start at all. */
  private refresh(entry: Entry): void {
    entry.outdated = false;
    this.store.instances.get(entry.pool.service.serviceId).then(
      (snapshot) => {
        if (snapshot !== null) entry.pool.learn(snapshot);
      },
      () => {
        entry.outdated = true;
        this.identity.suspect();
      },
    );
  }

  /**
   * Redis was away, if only for a moment: messages may be lost, and Redis may have lost its latest writes. Every pool
   * reads its snapshot and states its holdings anew: versions that agree prove nothing once Redis went back in time.
   */
  private reconnected(): void {
    const { connection } = this.store;
    if (connection.ready) this.onReturn();
    else connection.redis.once('ready', () => this.onReturn());
  }

  private onMessage(message: LeaseMessage): void {
    const entry = this.entries.get(message.service);
    if (message.type === 'grant') entry?.exchanger.granted(message);
    else if (message.type === 'recall') entry?.pool.exchange.recall(message.firstRank, message.need);
    else entry?.pool.exchange.ejected(message.ejections);
  }

  private onNotice(notice: ChangeNotice): void {
    if (notice.type !== 'instances') return;
    const entry = this.entries.get(notice.service);
    if (entry === undefined) return;
    entry.pool.notice(notice);
    this.refresh(entry);
  }

  private onReturn(): void {
    if (this.closing) return;
    for (const entry of this.entries.values()) {
      entry.pool.doubt();
      entry.exchanger.rejoin();
      this.refresh(entry);
    }
  }

  private housekeep(): void {
    const now = this.clock.now();
    for (const [id, entry] of this.entries) {
      const { pool, exchanger } = entry;
      if (entry.outdated) this.refresh(entry);
      exchanger.request();
      const unused = pool.inFlight === 0 && pool.queue.length === 0 && pool.holdings.heldTotal === 0;
      if (unused && exchanger.quiet && now - pool.lastRequestAtMs > FORGET_AFTER_MS) {
        exchanger.stop();
        this.entries.delete(id);
      }
    }
  }

  close(drainMs = 30_000): Promise<void> {
    this.closed ??= this.drain(drainMs);
    return this.closed;
  }

  private async drain(drainMs: number): Promise<void> {
    this.closing = true;
    for (const { pool } of this.entries.values()) pool.refuse(routerStops);
    const until = this.clock.monotonic() + drainMs;
    while (this.inFlight() > 0 && this.clock.monotonic() < until) {
      await new Promise((resolve) => setTimeout(resolve, CLOSE_POLL_MS));
    }
    clearInterval(this.timer);
    for (const { exchanger } of this.entries.values()) exchanger.stop();
    this.unsubscribe?.();
    // Leaving frees every lease in one go and passes them on.
    await this.identity.stop();
  }

  private inFlight(): number {
    let total = 0;
    for (const { pool } of this.entries.values()) total += pool.inFlight;
    return total;
  }
}
