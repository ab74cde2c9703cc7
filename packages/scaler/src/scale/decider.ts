import type { Clock, InstanceId } from '@waiter/core';
import { decide, type Advice, type Decision, type DecisionInput } from '@waiter/scaling';
import { LOAD_TTL_MS } from '@waiter/store';
import type { Context } from '../context';
import type { Adviser } from '../policy/adviser';
import { noteFailures } from '../service/failing-instances';
import type { Service } from '../service/service';
import { candidatesOf, currentError } from '../service/views';
import type { Publisher } from '../sync/publisher';
import type { Journal } from './journal';

const NO_USAGE: ReadonlyMap<InstanceId, number> = new Map();

/** As good as one request that waits: the first instances are started, no more. */
export function isWanted({ known, wantedUntilMs }: Service, clock: Pick<Clock, 'monotonic'>): boolean {
  return !known && clock.monotonic() < wantedUntilMs;
}

/** Decides on one service by the formula, or its policy: gathers what is known, and asks for no more than the decision needs. */
export class Decider {
  constructor(
    private readonly context: Context,
    private readonly journal: Journal,
    private readonly publisher: Publisher,
    private readonly adviser: Adviser,
  ) {}

  /** What is to be done by what is known at this moment. */
  async decide(service: Service): Promise<Decision> {
    const advice = this.adviser.advise(service);
    const first = decide(this.input(service, NO_USAGE, NO_USAGE, advice));
    if (first.kind === 'create' && service.refusal !== null) {
      return { ...first, kind: 'none', reason: `${first.reason}; waits: ${service.refusal.message}` };
    }
    if (first.kind === 'create' && (await this.isOldNews(service))) {
      return { ...first, kind: 'none', reason: `${first.reason}; but that was before it was deleted` };
    }
    if (first.kind !== 'kill') return first;
    // Only a stop has to know what each instance serves, and how well.
    const [usage, ejected] = await Promise.all([
      this.context.store.leases.usage(service.id),
      this.heedFailures(service),
    ]);
    return decide(this.input(service, usage, ejected, advice));
  }

  /** Reads which instances workers keep out of rotation; those that fail time after time are replaced. */
  async heedFailures(service: Service): Promise<ReadonlyMap<InstanceId, unknown>> {
    const { store, options } = this.context;
    const ejected = await store.ejections.of(service.id);
    const expired = noteFailures(service, ejected, options.expiryFailures);
    if (expired === null || this.context.ended) return ejected;
    this.publisher.publishSoon(service);
    for (const [{ id }, failures] of expired) {
      const why = `${failures} requests in a row failed on it`;
      this.journal.happened(service, 'expired', why, `expired ${id}`, { instanceId: id });
    }
    return ejected;
  }

  private input(
    service: Service,
    usage: ReadonlyMap<InstanceId, number>,
    ejected: ReadonlyMap<InstanceId, unknown>,
    advice: Advice | null,
  ): DecisionInput {
    const { options, clock } = this.context;
    const { compiled, scaling } = service.described;
    const nowMs = clock.now();
    const { state, load, known, requested, scheduled } = service;
    return {
      config: scaling,
      loadBalancing: compiled.loadBalancing,
      stale: service.stale !== null,
      resources: { cpus: compiled.cpus, mem: compiled.memMiB },
      demand: {
        inFlight: load?.inFlight ?? 0,
        queued: Math.max(load?.queued ?? 0, isWanted(service, clock) ? 1 : 0),
      },
      scheduler: known ? { requested, scheduled } : null,
      instances: candidatesOf(service, usage, ejected, nowMs),
      deploymentError: currentError(service, options.deploymentError, {
        wallMs: nowMs,
        monotonicMs: clock.monotonic(),
      }),
      previous: state,
      lastKillAtMs: state?.lastKillAtMs ?? null,
      nowMs,
      advice,
      limits: {
        quanta: options.quanta,
        interKillMs: options.interKillMs,
        coldStart: options.coldStart,
        killBusy: true,
        killsPerPass: options.killsPerPass,
        maxExpiredUnhealthy: options.maxExpiredUnhealthyInstances,
        // One stop at a time belongs to the formula; a policy says how many it wants.
        ...(advice === null ? {} : { killsPerPass: 'surplus', interKillMs: 0 }),
      },
    };
  }

  /**
   * Reports of load are up to a second old: what they say of a service that was deleted a moment ago must not bring it
   * back. Who waits for a slot is known at once.
   */
  private async isOldNews(service: Service): Promise<boolean> {
    const { store, clock } = this.context;
    if (clock.monotonic() - service.deletedAtMs > LOAD_TTL_MS || isWanted(service, clock)) return false;
    const { redis, keys } = store.connection;
    return (await redis.zcard(keys.waiters(service.id))) === 0;
  }
}
