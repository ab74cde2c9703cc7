import type { InstanceId } from '@waiter/core';
import { decide, type Advice, type Decision, type DecisionInput } from '@waiter/scaling';
import { LOAD_TTL_MS, type ServiceLoad } from '@waiter/store';
import type { Context } from '../context';
import type { Prober } from '../health/prober';
import type { Adviser } from '../policy/adviser';
import { worthSaving } from '../service/scale-state';
import type { Service } from '../service/service';
import { noteFailures } from '../service/failing-instances';
import { candidatesOf, currentError } from '../service/views';
import type { Publisher } from '../sync/publisher';
import { nextDecisionId, type Journal } from './journal';
import type { Pauses } from './pauses';

const NO_USAGE: ReadonlyMap<InstanceId, number> = new Map();

/** Hands a decision on to be applied. */
export type Enqueue = (service: Service) => Promise<void>;

/** One evaluation of one service: what is known goes into `decide`, what comes out goes to the scheduler. */
export class Evaluator {
  constructor(
    private readonly context: Context,
    private readonly prober: Prober,
    private readonly journal: Journal,
    private readonly pauses: Pauses,
    private readonly publisher: Publisher,
    private readonly enqueue: Enqueue,
    private readonly adviser: Adviser,
  ) {}

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

  /**
   * @param load demand at this moment
   * @param askedAtMs when somebody asked for the evaluation, wall clock
   */
  async evaluate(service: Service, load: ServiceLoad, askedAtMs: number): Promise<void> {
    const { context } = this;
    if (!context.acting() || service.hidden) return;
    service.load = load;
    if (service.outstanding > 0) this.prober.watch(service);
    // What is being done changes what has to be decided.
    if (service.applying) {
      service.evaluateAgain = true;
      return;
    }
    context.metrics.evaluations.inc();
    const { touchedAtMs } = service;
    const decision = this.pauses.hold(service, await this.decide(service));
    // Another evaluation of the same service may have been faster, and its decision carried out; both saw the same state.
    if (service.applying || service.touchedAtMs !== touchedAtMs || !context.acting()) return;
    if (service.scalingState !== decision.label) {
      service.scalingState = decision.label;
      // The policy in force depends on it.
      if (service.described.compiled.loadBalancing === 'random') this.publisher.publishSoon(service);
    }
    // Saved while the decision is carried out: a cold start does not wait for it.
    const carried = this.carry(service, decision);
    if (decision.kind === 'none') {
      service.pending = null;
      this.journal.rest(service, decision);
      return carried;
    }
    service.pending = {
      id: nextDecisionId(context),
      decision,
      decidedAtMs: context.clock.now(),
      askedAtMs,
    };
    await Promise.all([carried, this.enqueue(service)]);
  }

  /**
   * Of a service that does not run, that nobody asks for, and of which that is on record, an evaluation would say the same
   * again. There may be thousands of them, so a tick spares itself that. @returns whether it was spared
   */
  spare(service: Service, load: ServiceLoad): boolean {
    const { state, known, instances, pending, applying, lastRecorded } = service;
    if (known || instances.size > 0 || pending !== null || applying || lastRecorded === '') return false;
    if (state?.targetInstances !== 0 || state.label !== 'stable') return false;
    if (load.inFlight + load.queued > 0 || this.isWanted(service)) return false;
    service.load = load;
    service.state = {
      ...state,
      evaluatedAtMs: this.context.clock.now(),
      lastBusyAtMs: service.idleSinceMs,
    };
    return true;
  }

  private async decide(service: Service): Promise<Decision> {
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
        queued: Math.max(load?.queued ?? 0, this.isWanted(service) ? 1 : 0),
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
    if (clock.monotonic() - service.deletedAtMs > LOAD_TTL_MS || this.isWanted(service)) return false;
    const { redis, keys } = store.connection;
    return (await redis.zcard(keys.waiters(service.id))) === 0;
  }

  /** As good as one request that waits: the first instances are started, no more. */
  private isWanted({ known, wantedUntilMs }: Service): boolean {
    return !known && this.context.clock.monotonic() < wantedUntilMs;
  }

  /** Carries the moving average on, here and in Redis: a new leader continues from it. */
  private async carry(service: Service, decision: Decision): Promise<void> {
    const { context } = this;
    const nowMs = context.clock.now();
    const busy = service.outstanding > 0 || this.isWanted(service);
    service.state = {
      targetInstances: decision.targetInstances,
      evaluatedAtMs: nowMs,
      lastBusyAtMs: busy ? nowMs : service.idleSinceMs,
      lastKillAtMs: service.state?.lastKillAtMs ?? null,
      scaleAmount: decision.scaleAmount,
      scaleToInstances: decision.scaleToInstances,
      label: decision.label,
      ...(service.policy === null ? {} : { policy: service.policy.saved }),
    };
    if (!service.known && !busy) return;
    if (!worthSaving(service.saved, service.state)) return;
    service.saved = service.state;
    if (!(await context.store.services.saveScaleState(service.id, context.epoch, service.state))) {
      context.stepDown();
    }
  }
}
