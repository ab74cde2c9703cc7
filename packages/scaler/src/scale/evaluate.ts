import type { Decision } from '@waiter/scaling';
import type { ServiceLoad } from '@waiter/store';
import type { Context } from '../context';
import type { Prober } from '../health/prober';
import { worthSaving } from '../service/scale-state';
import type { Service } from '../service/service';
import type { Publisher } from '../sync/publisher';
import { isWanted, type Decider } from './decider';
import { nextDecisionId, type Journal } from './journal';
import type { Pauses } from './pauses';

/** Hands a decision on to be applied. */
export type Enqueue = (service: Service) => Promise<void>;

/** Evaluates a service: has it decided what to do, keeps the outcome, and hands on what is to be done. */
export class Evaluator {
  constructor(
    private readonly context: Context,
    private readonly decider: Decider,
    private readonly prober: Prober,
    private readonly journal: Journal,
    private readonly pauses: Pauses,
    private readonly publisher: Publisher,
    private readonly enqueue: Enqueue,
  ) {}

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
    const decision = this.pauses.hold(service, await this.decider.decide(service));
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
    if (load.inFlight + load.queued > 0 || isWanted(service, this.context.clock)) return false;
    service.load = load;
    service.state = {
      ...state,
      evaluatedAtMs: this.context.clock.now(),
      lastBusyAtMs: service.idleSinceMs,
    };
    return true;
  }

  /** Carries the moving average on, here and in Redis: a new leader continues from it. */
  private async carry(service: Service, decision: Decision): Promise<void> {
    const { context } = this;
    const nowMs = context.clock.now();
    const busy = service.outstanding > 0 || isWanted(service, context.clock);
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
