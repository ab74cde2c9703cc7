import type { Clock, InstanceId, WaiterError } from '@waiter/core';
import type { AsyncRequest, InstanceSnapshot } from '@waiter/store';
import { choose } from './choice';
import { Ejections } from './ejections';
import { Elsewhere } from './elsewhere';
import { HeldSlot, type SlotOwner } from './held-slot';
import { Holdings, type HeldInstance } from './holdings';
import { LeasePlan } from './lease-plan';
import { PoolExchange } from './pool-exchange';
import type { PoolFacts } from './refusals';
import type { RequestQueue } from './request-queue';
import type { ReservableService, ReserveOptions, Slot } from './reservations';
import type { ReservationRules } from './rules';
import { ServiceNews, type InstancesNotice } from './service-news';
import type { Transfer } from './transfers';
import { WaitingRoom } from './waiting-room';

/** May leased slots be used? `no`: it is being found out. `share`: Redis is away (DESIGN invariant 6). */
export type LeaseTrust = 'yes' | 'no' | 'share';

/** What a pool asks of the world. */
export interface PoolEnvironment {
  readonly clock: Clock;
  readonly rules: ReservationRules;
  trust(pool: ServicePool, now: number): LeaseTrust;
  /** Live workers when Redis was last heard. */
  workers(): number;
  /** The pool has something to exchange with Redis; called often, must be cheap. */
  wantsExchange(pool: ServicePool): void;
  /** A slot in use goes on to belong to an async request. */
  entrust(pool: ServicePool, transfer: Transfer): void;
  revoke(pool: ServicePool, requestId: string): void;
  /** Requests wait; the scaler may have to act. */
  waiting(pool: ServicePool): void;
  /** All workers know now that an instance failed. */
  failing(pool: ServicePool): void;
}

/**
 * One worker's requests and slots of one service: serves from held slots, and lets wait where there is none. Synchronous;
 * what Redis says comes in through `exchange`, what the leader says through `notice` and `learn`.
 */
export class ServicePool implements SlotOwner {
  readonly holdings: Holdings;
  readonly room: WaitingRoom;
  readonly ejections: Ejections;
  private readonly elsewhere = new Elsewhere();
  private readonly plan: LeasePlan;
  readonly exchange: PoolExchange;
  private readonly news = new ServiceNews();
  private inUse = 0;
  /** False while it is open what this worker may still use: idle slots are not to be touched. */
  settled = true;
  /** Requests since the worker started, and the latest arrival, epoch ms. */
  total = 0;
  lastRequestAtMs = 0;
  /** When a slot was last taken, monotonic. */
  usedAt = -Infinity;

  constructor(
    /** Another one once an operator has overridden parameters. */
    public service: ReservableService,
    private readonly environment: PoolEnvironment,
  ) {
    const { ejection, throttle, idleLeaseMs } = environment.rules;
    this.holdings = new Holdings(service.loadBalancing);
    this.ejections = new Ejections(this.holdings, ejection);
    this.plan = new LeasePlan(idleLeaseMs);
    this.room = new WaitingRoom(throttle, environment.clock, {
      limit: () => this.service.maxQueueLength,
      isAlone: (now) => environment.trust(this, now) === 'share',
      queuedElsewhere: (now) => this.elsewhere.queued(now),
      facts: () => this.facts(),
      entered: () => {
        environment.wantsExchange(this);
        environment.waiting(this);
      },
      left: () => environment.wantsExchange(this),
    });
    this.exchange = new PoolExchange({
      pool: this,
      elsewhere: this.elsewhere,
      plan: this.plan,
      clock: environment.clock,
      rules: ejection,
      wanted: () => environment.wantsExchange(this),
      failing: () => environment.failing(this),
    });
  }

  get queue(): RequestQueue {
    return this.room.queue;
  }

  get inFlight(): number {
    return this.inUse;
  }

  get hasOpenInstances(): boolean {
    return this.holdings.all.some(({ open }) => open);
  }

  /** Has a request waited since then? @param at monotonic milliseconds */
  waitsSince(at: number): boolean {
    const { first } = this.room;
    return first !== null && first.since <= at;
  }

  /** Whether an instance can be expected to serve that is none of these. */
  hasOther(than: ReadonlySet<InstanceId>): boolean {
    return this.holdings.all.some(({ id, open, ejection }) => open && ejection === null && !than.has(id));
  }

  /** A free slot if nobody waits for one; null leaves no trace, so that `reserve` may follow. */
  tryReserve(arrivedAtMs: number): Slot | null {
    if (this.queue.length > 0) return null;
    const now = this.environment.clock.monotonic();
    const instance = this.pick(now, undefined);
    if (instance === null) return null;
    this.total += 1;
    this.lastRequestAtMs = arrivedAtMs;
    return this.occupy(instance, now, now);
  }

  reserve(options: ReserveOptions): Promise<Slot> {
    this.total += 1;
    this.lastRequestAtMs = options.arrivedAtMs;
    const now = this.environment.clock.monotonic();
    if (this.queue.length === 0) {
      const instance = this.pick(now, options.exclude);
      if (instance !== null) return Promise.resolve(this.occupy(instance, now, now));
    }
    return this.room.enter(options, now, this.news.deploymentError);
  }

  /** Gives waiting requests what is free here. */
  serve(): void {
    for (let waiting = this.room.first; waiting !== null; waiting = this.room.first) {
      const now = this.environment.clock.monotonic();
      const instance = this.pick(now, waiting.options.exclude);
      if (instance === null) return;
      this.room.leave(waiting);
      waiting.resolve(this.occupy(instance, now, waiting.since));
    }
  }

  /** Fails everything that waits. */
  refuse(reason: (facts: PoolFacts) => WaiterError): void {
    this.room.refuse(reason);
  }

  private pick(now: number, exclude: ReadonlySet<InstanceId> | undefined): HeldInstance | null {
    const trust = this.environment.trust(this, now);
    if (trust === 'no') return null;
    const alone = trust === 'share';
    if (this.ejections.any) {
      const probe = this.ejections.takeProbe(now, alone, exclude);
      if (probe !== null) return probe;
    }
    if (!alone) return choose(this.holdings, 0, exclude);
    const share = Math.max(1, Math.floor(this.service.concurrencyLevel / this.environment.workers()));
    return choose(this.holdings, share, exclude);
  }

  private occupy(instance: HeldInstance, now: number, since: number): Slot {
    instance.inUse += 1;
    this.inUse += 1;
    this.usedAt = now;
    this.plan.note(now, this.inUse);
    return new HeldSlot(this, instance, now - since, instance.ejection !== null);
  }

  entrust({ instance }: HeldSlot, request: AsyncRequest, onMoved: () => void): void {
    this.environment.entrust(this, {
      request,
      onMoved: (wasHeld) => {
        // Without: Redis counts it, and the next exchange says what is held here.
        if (wasHeld) instance.held -= 1;
        instance.inUse -= 1;
        this.inUse -= 1;
        onMoved();
      },
    });
  }

  revoke(requestId: string): void {
    this.environment.revoke(this, requestId);
  }

  failed({ instance, round, isProbe }: HeldSlot): void {
    this.ejections.failed(instance, round, isProbe, this.environment.clock.monotonic());
    this.environment.wantsExchange(this);
  }

  served({ instance }: HeldSlot): void {
    this.ejections.served(instance);
    this.environment.wantsExchange(this);
    this.serve();
  }

  released(slot: HeldSlot): void {
    const { instance } = slot;
    instance.inUse -= 1;
    this.inUse -= 1;
    if (slot.isProbe && !slot.conclusive) this.ejections.inconclusive(instance);
    const isWarm = instance.open && instance.ejection === null;
    if (isWarm && this.elsewhere.isQuiet && this.queue.length === 0) return;
    this.freed(instance);
  }

  private freed({ open, ejection }: HeldInstance): void {
    const now = this.environment.clock.monotonic();
    // Without Redis nothing can be handed over, however long somebody waits elsewhere.
    const alone = this.environment.trust(this, now) === 'share';
    const isUseless = !open || (ejection !== null && ejection.probe !== 'held');
    if (isUseless || (!alone && this.elsewhere.precedes(this.queue.firstRank, now))) {
      this.environment.wantsExchange(this);
      return;
    }
    this.serve();
    if (this.elsewhere.recalls(now) && this.queue.length === 0) this.environment.wantsExchange(this);
  }

  /** The leader published: instances closed, or the service cannot start. To be followed by the snapshot. */
  notice(notice: InstancesNotice): void {
    if (this.news.notice(notice)) this.heed(notice.closed);
  }

  /** Only what is in flight counts as held from now on. */
  holdInFlight(): void {
    this.holdings.holdInFlight();
    this.ejections.dropProbes();
  }

  /** Redis may have lost its latest writes: what is read next counts, whatever its version. */
  doubt(): void {
    this.news.doubt();
  }

  /** The full snapshot: names every instance, for the time when Redis is away. */
  learn(snapshot: InstanceSnapshot): void {
    const usable = snapshot.instances.filter(
      ({ healthy, draining, port }) => healthy && !draining && port > 0,
    );
    if (!this.news.read(snapshot, usable.length)) return;
    for (const { id, draining } of snapshot.instances) this.holdings.mark(id, draining);
    for (const { id, host, port, startedAtMs } of usable) {
      this.holdings.learn({ instanceId: id, host, port, startedAtMs: startedAtMs ?? 0 });
    }
    const expired = usable.filter(({ flags }) => flags.includes('expired')).map(({ id }) => id);
    // Snapshots of an earlier version of ours do not name a policy.
    const policy =
      (snapshot.loadBalancing as InstanceSnapshot['loadBalancing'] | undefined) ?? this.service.loadBalancing;
    this.holdings.prefer(policy, new Set(expired));
    const ids = new Set(usable.map(({ id }) => id));
    this.heed(this.holdings.all.filter(({ id }) => !ids.has(id)).map(({ id }) => id));
    this.holdings.prune();
    this.ejections.published();
  }

  private heed(closed: readonly InstanceId[]): void {
    const { deploymentError } = this.news;
    if (deploymentError !== null) this.room.refuseAllForError(deploymentError);
    if (this.holdings.close(closed)) this.environment.wantsExchange(this);
  }

  facts(): PoolFacts {
    const instances = this.news.snapshot?.instances ?? [];
    const healthy = instances.filter((instance) => instance.healthy).length;
    return {
      serviceId: this.service.serviceId,
      inFlight: this.inUse,
      queued: this.queue.length,
      slotsHeld: this.holdings.heldTotal,
      healthy,
      ailing: instances.length - healthy + (this.news.snapshot?.failed.length ?? 0),
    };
  }
}
