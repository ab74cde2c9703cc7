import type { Clock } from '@waiter/core';
import type {
  Ejections as EjectionNews,
  EjectionRules,
  ExchangeReply,
  ExchangeRequest,
  Grant,
} from '@waiter/store';
import type { Elsewhere } from './elsewhere';
import type { HeldInstance } from './holdings';
import type { LeasePlan } from './lease-plan';
import type { ServicePool } from './service-pool';

/** What an exchange says of a pool. */
export type Proposal = Omit<ExchangeRequest, 'workerId' | 'serviceId' | 'version' | 'doubtful'>;

export interface PoolExchangeParts {
  readonly pool: ServicePool;
  readonly elsewhere: Elsewhere;
  readonly plan: LeasePlan;
  readonly clock: Clock;
  readonly rules: EjectionRules;
  /** There is something to exchange. */
  readonly wanted: () => void;
  /** Redis knows now that an instance failed. */
  readonly failing: () => void;
}

/** A pool's side of its exchanges with Redis: what it asks for and gives back, and what it makes of the answer. */
export class PoolExchange {
  constructor(private readonly parts: PoolExchangeParts) {}

  /** What the next exchange says. Slots to give back leave the holdings here. */
  prepare(): Proposal {
    const { pool, plan, clock, elsewhere, rules } = this.parts;
    const { holdings, ejections, queue, room } = pool;
    const now = clock.monotonic();
    const giveBack = holdings.takeIdle(this.surplus(now));
    const queued = queue.length;
    return {
      prioritised: queue.prioritised,
      ordinary: queue.ordinary,
      ...room.admissions.propose(),
      queueLimit: pool.service.maxQueueLength + 1,
      extra: queued === 0 || elsewhere.recalls(now) ? 0 : plan.ahead(now, holdings.heldTotal, queued),
      wantsProbe: ejections.wantsProbe(now, pool.usedAt),
      giveBack,
      reports: ejections.takeReports(giveBack),
      ejection: rules,
    };
  }

  /** Idle slots that go back: to others that wait, or because nobody here needs them. */
  private surplus(now: number): number {
    const { pool, plan, elsewhere } = this.parts;
    const { queue, inFlight } = pool;
    const held = pool.holdings.heldTotal;
    if (held <= inFlight) return 0;
    const isRecalled = elsewhere.recalls(now);
    if (isRecalled && (queue.length === 0 || elsewhere.precedes(queue.firstRank, now))) return elsewhere.need;
    return queue.length > 0 ? 0 : plan.surplus(now, held, inFlight);
  }

  /** True when an exchange is due for another reason than the queue. */
  get hasErrand(): boolean {
    const { pool, clock } = this.parts;
    const { ejections, holdings, usedAt } = pool;
    const now = clock.monotonic();
    return (
      ejections.hasReports ||
      holdings.hasUseless ||
      this.surplus(now) > 0 ||
      ejections.wantsProbe(now, usedAt)
    );
  }

  /** Takes in the reply. */
  settle(reply: Extract<ExchangeReply, { status: 'ok' | 'resync' }>): void {
    const { pool, elsewhere, clock, failing } = this.parts;
    const { ejections, holdings } = pool;
    const now = clock.monotonic();
    if (reply.status === 'resync') {
      ejections.keepReports();
      this.enter(holdings.replace(reply.grants), now);
      return pool.serve();
    }
    const toldOfFailure = ejections.confirmReports();
    ejections.learn(reply.ejections, true, now);
    elsewhere.hear(reply.firstRankElsewhere, reply.queuedElsewhere, now);
    this.enter(holdings.add(reply.grants), now);
    pool.serve();
    pool.room.decide(reply.admitted);
    if (toldOfFailure) failing();
  }

  /** The exchange came to nothing. */
  failed(): void {
    this.parts.pool.ejections.keepReports();
  }

  /** Slots came by message. */
  grant(grants: readonly Grant[]): void {
    const { pool, clock } = this.parts;
    this.enter(pool.holdings.add(grants), clock.monotonic());
    pool.serve();
  }

  private enter(probes: readonly HeldInstance[], now: number): void {
    for (const instance of probes) this.parts.pool.ejections.probeGranted(instance, now);
  }

  /** Another worker has too few slots. */
  recall(firstRank: number, need: number): void {
    const { pool, elsewhere, clock, wanted } = this.parts;
    elsewhere.recall(firstRank, need, clock.monotonic());
    if (pool.holdings.heldTotal > pool.inFlight) wanted();
  }

  /** Other workers saw instances fail, or serve again. */
  ejected(news: EjectionNews): void {
    const { pool, clock, wanted } = this.parts;
    pool.ejections.learn(news, false, clock.monotonic());
    pool.serve();
    if (pool.holdings.hasUseless) wanted();
  }
}
