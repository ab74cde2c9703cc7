import type { Clock, InstanceId, WaiterError } from '@waiter/core';
import type { AsyncRequest, ExchangeReply, Grant, InstanceSnapshot } from '@waiter/store';
import { Holdings, type HeldInstance } from './holdings';
import { Peaks } from './peaks';
import { clientGone, deploymentFailed, queueFull, queueTimeout, type PoolFacts } from './refusals';
import { HeldSlot } from './held-slot';
import type { ReservableService, ReserveOptions, Slot } from './reservations';
import type { Transfer } from './transfers';
import { WaitQueue } from './wait-queue';

/** A remote request counts as older only beyond this: handing a slot over costs a round trip and wins nothing for less. */
const FIFO_SLACK_MS = 10;
/** How long a recall is remembered without news: the waiting worker repeats it while it waits. */
const RECALL_MEMORY_MS = 1_000;

/** Slots taken ahead while demand grows, as a part of those held. */
const GROWTH = 0.25;

/** While requests wait here, the exchange brings fresh numbers more often than this. */
const QUEUE_NEWS_MS = 500;

/** May leased slots be used? `no`: it is being found out. `share`: Redis is away (DESIGN invariant 6). */
export type LeaseTrust = 'yes' | 'no' | 'share';

/** What a pool asks of the world. */
export interface PoolEnvironment {
  readonly clock: Clock;
  trust(pool: ServicePool): LeaseTrust;
  /** Live workers when Redis was last heard. */
  workers(): number;
  /** The pool has something to exchange with Redis; called often, must be cheap. */
  wantsExchange(pool: ServicePool): void;
  /** A slot in use goes on to belong to an async request. */
  entrust(pool: ServicePool, transfer: Transfer): void;
  revoke(pool: ServicePool, requestId: string): void;
  /** Requests wait; the scaler may have to act. */
  waiting(pool: ServicePool): void;
}

interface Waiting {
  readonly options: ReserveOptions;
  readonly since: number;
  readonly resolve: (slot: Slot) => void;
  readonly reject: (error: WaiterError) => void;
  timer: NodeJS.Timeout | undefined;
}

/**
 * One worker's requests and slots of one service: serves from held slots, queues when there is none, decides what
 * goes back. Synchronous; what Redis says comes in through `settle`, `grant`, `recall` and `learn`.
 */
export class ServicePool {
  readonly holdings: Holdings;
  readonly queue = new WaitQueue<Waiting>();
  private readonly peaks = new Peaks();
  private inUse = 0;
  private snapshot: InstanceSnapshot | null = null;
  /** Version of the latest notice; a snapshot that was read before it is old. */
  private noticed = 0;
  private deploymentError: string | null = null;
  private oldestElsewhereMs: number | null = null;
  private recalledAt = -Infinity;
  private recalledNeed = 0;
  private queuedElsewhere = { count: 0, knownAt: -Infinity };
  /** Requests since the worker started, and the latest arrival, epoch ms. */
  total = 0;
  lastRequestAtMs = 0;

  constructor(
    readonly service: ReservableService,
    private readonly environment: PoolEnvironment,
  ) {
    this.holdings = new Holdings(service.loadBalancing);
  }

  get inFlight(): number {
    return this.inUse;
  }

  get hasOpenInstances(): boolean {
    return this.holdings.all.some(({ open }) => open);
  }

  /** A free slot if nobody waits for one; null leaves no trace, so that `reserve` may follow. */
  tryReserve(arrivedAtMs: number): Slot | null {
    if (this.queue.length > 0) return null;
    const instance = this.pick(undefined);
    if (instance === null) return null;
    this.total += 1;
    this.lastRequestAtMs = arrivedAtMs;
    return this.occupy(instance, this.environment.clock.monotonic());
  }

  reserve(options: ReserveOptions): Promise<Slot> {
    this.total += 1;
    this.lastRequestAtMs = options.arrivedAtMs;
    const since = this.environment.clock.monotonic();
    if (this.queue.length === 0) {
      const instance = this.pick(options.exclude);
      if (instance !== null) return Promise.resolve(this.occupy(instance, since));
    }
    if (this.deploymentError !== null) {
      return Promise.reject(deploymentFailed(this.facts(), this.deploymentError));
    }
    const queued = this.queue.length + this.elsewhere();
    if (queued > this.service.maxQueueLength) {
      return Promise.reject(queueFull(this.facts(), queued, this.service.maxQueueLength));
    }
    return this.wait(options, since);
  }

  /** Requests queued on other workers, as far as that is known; what is old says nothing. */
  private elsewhere(): number {
    const { count, knownAt } = this.queuedElsewhere;
    return this.environment.clock.monotonic() - knownAt < QUEUE_NEWS_MS ? count : 0;
  }

  private wait(options: ReserveOptions, since: number): Promise<Slot> {
    return new Promise<Slot>((resolve, reject) => {
      const waiting: Waiting = { options, since, resolve, reject, timer: undefined };
      const place = this.queue.push(waiting, options.arrivedAtMs);
      waiting.timer = setTimeout(() => {
        const facts = this.facts();
        if (place.leave()) reject(queueTimeout(facts, options.queueTimeoutMs));
        this.environment.wantsExchange(this);
      }, options.queueTimeoutMs);
      options.onAbort(() => {
        if (!place.leave()) return;
        clearTimeout(waiting.timer);
        reject(clientGone(this.facts()));
        this.environment.wantsExchange(this);
      });
      this.environment.wantsExchange(this);
      this.environment.waiting(this);
    });
  }

  /** Gives waiting requests what is free here. */
  serve(): void {
    while (this.queue.length > 0) {
      const instance = this.pick(undefined);
      if (instance === null) return;
      const waiting = this.queue.shift();
      if (waiting === null) return;
      clearTimeout(waiting.timer);
      waiting.resolve(this.occupy(instance, waiting.since));
    }
  }

  /** Fails everything that waits. */
  refuse(reason: (facts: PoolFacts) => WaiterError): void {
    const facts = this.facts();
    for (let waiting = this.queue.shift(); waiting !== null; waiting = this.queue.shift()) {
      clearTimeout(waiting.timer);
      waiting.reject(reason(facts));
    }
  }

  private pick(exclude: ReadonlySet<InstanceId> | undefined): HeldInstance | null {
    const trust = this.environment.trust(this);
    if (trust === 'yes') return this.holdings.pick(exclude);
    if (trust === 'no') return null;
    const share = Math.max(1, Math.floor(this.service.concurrencyLevel / this.environment.workers()));
    return this.holdings.pick(exclude, ({ held }) => Math.max(held, share));
  }

  private occupy(instance: HeldInstance, since: number): Slot {
    instance.inUse += 1;
    this.inUse += 1;
    const now = this.environment.clock.monotonic();
    this.peaks.note(now, this.inUse);
    return new HeldSlot(this, instance, now - since);
  }

  entrust(instance: HeldInstance, request: AsyncRequest, onMoved: () => void): void {
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

  /** To be called by the slot that was taken, once. */
  release(instance: HeldInstance): void {
    instance.inUse -= 1;
    this.inUse -= 1;
    this.freed(instance);
  }

  private freed(instance: HeldInstance): void {
    // Without Redis nothing can be handed over, however long somebody waits elsewhere.
    const alone = this.environment.trust(this) === 'share';
    if (!instance.open || (!alone && this.olderElsewhere())) {
      this.environment.wantsExchange(this);
      return;
    }
    this.serve();
    if (this.recalled() && this.queue.length === 0) this.environment.wantsExchange(this);
  }

  private recalled(): boolean {
    return this.environment.clock.monotonic() - this.recalledAt < RECALL_MEMORY_MS;
  }

  /** Does a request wait on another worker that came before all of ours? */
  private olderElsewhere(): boolean {
    if (this.oldestElsewhereMs === null || !this.recalled()) return false;
    const mine = this.queue.oldestMs;
    return mine === null || this.oldestElsewhereMs + FIFO_SLACK_MS < mine;
  }

  /** What the next exchange says. Slots to give back leave the holdings here. */
  prepare(): {
    want: number;
    oldestMs: number;
    stepMs: number;
    queued: number;
    extra: number;
    giveBack: (readonly [InstanceId, number])[];
  } {
    const now = this.environment.clock.monotonic();
    const giveBack = this.holdings.takeIdle(this.surplus(now));
    const want = this.queue.length;
    const oldestMs = this.queue.oldestMs ?? 0;
    const newestMs = this.queue.newestMs ?? 0;
    const held = this.holdings.heldTotal;
    const growth = want > 0 ? Math.floor(held * GROWTH) : 0;
    const missing = want > 0 ? this.peaks.peak(now, 10) - held - want : 0;
    return {
      want,
      oldestMs,
      stepMs: want > 1 ? (newestMs - oldestMs) / (want - 1) : 0,
      queued: want,
      extra: this.recalled() ? 0 : Math.min(64, Math.max(0, missing, growth)),
      giveBack,
    };
  }

  private surplus(now: number): number {
    const idle = this.holdings.heldTotal - this.inUse;
    if (idle <= 0) return 0;
    if (this.recalled() && (this.queue.length === 0 || this.olderElsewhere())) {
      return Math.min(idle, this.recalledNeed);
    }
    // Kept for two seconds after they were last needed: the next request then needs no round trip. The part that was taken
    // ahead of growth is kept as long, or it would go back and be taken again with every new peak.
    const keep = Math.floor(this.peaks.peak(now, 3) * (1 + GROWTH));
    return this.queue.length > 0 ? 0 : Math.max(0, this.holdings.heldTotal - keep);
  }

  /** True when slots are to go back. */
  get hasSurplus(): boolean {
    if (this.surplus(this.environment.clock.monotonic()) > 0) return true;
    return this.holdings.all.some(({ open, held, inUse }) => !open && held > inUse);
  }

  /** Takes in the reply to an exchange. */
  settle(reply: Extract<ExchangeReply, { status: 'ok' | 'resync' }>): void {
    if (reply.status === 'resync') {
      this.holdings.replace(reply.grants);
    } else {
      this.holdings.add(reply.grants);
      this.oldestElsewhereMs = reply.oldestElsewhereMs;
      if (reply.oldestElsewhereMs === null) {
        this.recalledAt = -Infinity;
      } else {
        this.recalledAt = this.environment.clock.monotonic();
        this.recalledNeed = Math.max(1, this.recalledNeed);
      }
      this.queuedElsewhere = {
        count: Math.max(0, reply.queuedEverywhere - this.queue.length),
        knownAt: this.environment.clock.monotonic(),
      };
    }
    this.serve();
  }

  grant(grants: readonly Grant[]): void {
    this.holdings.add(grants);
    this.serve();
  }

  /** Another worker has too few slots. */
  recall(oldestMs: number, need: number): void {
    this.recalledAt = this.environment.clock.monotonic();
    this.recalledNeed = need;
    this.oldestElsewhereMs = oldestMs;
    if (this.holdings.heldTotal > this.inUse) this.environment.wantsExchange(this);
  }

  /** The leader published: instances closed, or the service cannot start. To be followed by the snapshot. */
  notice(news: {
    readonly version: number;
    readonly closed: readonly InstanceId[];
    readonly healthy: number;
    readonly deploymentError: string | null;
  }): void {
    this.noticed = news.version;
    // The snapshot was faster; or Redis lost it and counts anew, which the next one shows.
    if (this.snapshot !== null && news.version <= this.snapshot.version) return;
    this.heed(news.closed, news.healthy, news.deploymentError);
  }

  /** Redis may have lost its latest writes: what is read next counts, whatever its version. */
  doubt(): void {
    this.noticed = 0;
  }

  private heed(closed: readonly InstanceId[], healthy: number, deploymentError: string | null): void {
    this.deploymentError = healthy > 0 ? null : deploymentError;
    const message = this.deploymentError;
    if (message !== null) this.refuse((facts) => deploymentFailed(facts, message));
    if (this.holdings.close(closed)) this.environment.wantsExchange(this);
  }

  /** The full snapshot: names every instance, for the time when Redis is away. */
  learn(snapshot: InstanceSnapshot): void {
    // Snapshots are read in order; only a notice can be ahead of one.
    if (snapshot.version < this.noticed) return;
    this.snapshot = snapshot;
    const usable = new Set<InstanceId>();
    for (const instance of snapshot.instances) {
      this.holdings.mark(instance.id, instance.draining);
      if (!instance.healthy || instance.draining || instance.port === 0) continue;
      usable.add(instance.id);
      this.holdings.learn({
        instanceId: instance.id,
        host: instance.host,
        port: instance.port,
        startedAtMs: instance.startedAtMs ?? 0,
        open: true,
      });
    }
    const closed = this.holdings.all.filter(({ id }) => !usable.has(id)).map(({ id }) => id);
    this.heed(closed, usable.size, snapshot.deploymentError?.message ?? null);
    this.holdings.prune();
  }

  facts(): PoolFacts {
    const instances = this.snapshot?.instances ?? [];
    const healthy = instances.filter((instance) => instance.healthy).length;
    return {
      serviceId: this.service.serviceId,
      inFlight: this.inUse,
      queued: this.queue.length,
      slotsHeld: this.holdings.heldTotal,
      healthy,
      ailing: instances.length - healthy + (this.snapshot?.failed.length ?? 0),
    };
  }
}
