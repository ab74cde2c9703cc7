import type { InstanceId } from '@waiter/core';
import type { Decision } from '@waiter/scaling';
import type { Context } from '../context';
import type { ScalingAction, ScalingResult } from '../metrics';
import type { PendingDecision } from '../service/scale-state';
import type { Service } from '../service/service';

/** What happened to a service or an instance of it, beside decisions. */
export type Happening = 'ready' | 'failed' | 'killed' | 'expired' | 'collected' | 'deployment-error';

/** One entry of `decisions:<service id>`: what was decided, from what, why, and what came of it. */
export interface DecisionRecord {
  /** Unique: `<epoch>-<n>`. */
  readonly decisionId: string;
  readonly epoch: number;
  readonly kind: Decision['kind'] | Happening;
  readonly reason: string;
  /** One sentence: `created with 1 instance`, `draining <instance>`, `failed: <why>`, ... */
  readonly outcome: string;
  readonly [more: string]: unknown;
}

let decisions = 0;

export function nextDecisionId(context: Pick<Context, 'epoch'>): string {
  return `${context.epoch}-${++decisions}`;
}

/** Repeated when nothing that people would ask about has changed; the moving target alone is not worth an entry. */
function gist({ kind, label, scaleAmount, inputs, steps }: Decision): string {
  const { total, healthy, draining } = inputs;
  return JSON.stringify([
    kind,
    label,
    // Not zero where something is held back: how much of it may still grow.
    scaleAmount,
    total,
    healthy,
    draining,
    steps['ideal'],
    steps['held'],
    steps['waiting'],
  ]);
}

function actionOf({ kind, scaleAmount }: Decision): ScalingAction {
  if (kind === 'force-scale') return 'scale-force';
  return scaleAmount > 0 ? 'scale-up' : 'scale-down';
}

/** What the decision asks of the scheduler, in words. */
function askedOf(decision: PendingDecision['decision']): string {
  switch (decision.kind) {
    case 'create':
      return `create the service with ${decision.instances}`;
    case 'scale-up':
      return `scale to ${decision.instances}`;
    case 'force-scale':
      return `scale to ${decision.instances}, by force`;
    case 'reopen':
      return 'nothing: instances that drain are taken back';
    case 'kill':
      return `kill ${decision.count} after draining: ${decision.candidates.slice(0, decision.count).join(', ')}`;
  }
}

/** Writes down every decision: to Redis for the API, to the log for people (DESIGN section 5, invariant 9). */
export class Journal {
  constructor(private readonly context: Context) {}

  /** A decision to do nothing; left out when it repeats the one before. */
  rest(service: Service, decision: Decision): void {
    if (decision.scaleAmount !== 0) this.count(service, actionOf(decision), 'ignore');
    const now = gist(decision);
    if (now === service.lastRecorded) return;
    service.lastRecorded = now;
    this.context.logger.debug(`${service.id}: ${decision.reason}`);
    this.append(service, decision, nextDecisionId(this.context), 'nothing to do');
  }

  acted(
    service: Service,
    { id, decision, askedAtMs, decidedAtMs }: PendingDecision,
    outcome: string,
    succeeded: boolean,
  ): void {
    const { clock, logger, metrics } = this.context;
    service.lastRecorded = '';
    metrics.decisions.with({ kind: decision.kind }).inc();
    const done = decision.kind === 'kill' ? 'attempt' : 'success';
    this.count(service, actionOf(decision), succeeded ? done : 'fail');
    logger.info(`${service.id}: ${decision.reason}: ${outcome}`, {
      service: service.id,
      decision: decision.kind,
      afterMs: clock.now() - askedAtMs,
    });
    const tookMs = clock.now() - decidedAtMs;
    this.append(service, decision, id, outcome, { asked: askedOf(decision), askedAtMs, decidedAtMs, tookMs });
  }

  /** What came of decisions later: an instance is ready, a drain is over, a service is collected. */
  happened(
    service: Service,
    kind: Happening,
    reason: string,
    outcome: string,
    more: { readonly instanceId?: InstanceId; readonly [more: string]: string | number | undefined } = {},
  ): void {
    this.context.logger.info(`${service.id}: ${reason}: ${outcome}`, { service: service.id, ...more });
    const decisionId = nextDecisionId(this.context);
    this.write(service, { decisionId, epoch: this.context.epoch, kind, reason, outcome, ...more });
  }

  /** Counts what was done about a decision. */
  count({ id }: Service, action: ScalingAction, result: ScalingResult): void {
    this.context.metrics.scaling.with({ service: id, action, result }).inc();
  }

  private append(
    service: Service,
    decision: Decision,
    decisionId: string,
    outcome: string,
    more: Readonly<Record<string, string | number>> = {},
  ): void {
    this.write(service, { ...decision, ...more, decisionId, epoch: this.context.epoch, outcome });
  }

  private write(service: Service, record: DecisionRecord): void {
    // Not waited for: a decision is acted upon within milliseconds, its history may be a little later.
    this.context.store.decisions.append(service.id, record).catch((error: unknown) => {
      this.context.logger.warn('a decision could not be recorded', { service: service.id, error });
    });
  }
}
