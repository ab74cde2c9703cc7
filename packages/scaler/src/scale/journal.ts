import type { InstanceId } from '@waiter/core';
import type { Decision } from '@waiter/scaling';
import type { Context } from '../context';
import type { PendingDecision, Service } from '../service/service';

/** One entry of `decisions:<service id>`: what was decided, from what, why, and what came of it. */
export interface DecisionRecord {
  /** Unique: `<epoch>-<n>`. */
  readonly decisionId: string;
  readonly epoch: number;
  readonly kind: Decision['kind'] | 'killed' | 'expired' | 'collected';
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
function gist({ kind, label, inputs, steps }: Decision): string {
  const { total, healthy, draining } = inputs;
  return JSON.stringify([
    kind,
    label,
    total,
    healthy,
    draining,
    steps['ideal'],
    steps['held'],
    steps['waiting'],
  ]);
}

/** Writes down every decision: to Redis for the API, to the log for people (DESIGN section 5, invariant 9). */
export class Journal {
  constructor(private readonly context: Context) {}

  /** A decision to do nothing; left out when it repeats the one before. */
  rest(service: Service, decision: Decision): void {
    const now = gist(decision);
    if (now === service.lastRecorded) return;
    service.lastRecorded = now;
    this.context.logger.debug(`${service.id}: ${decision.reason}`);
    this.append(service, decision, nextDecisionId(this.context), 'nothing to do');
  }

  acted(service: Service, { id, decision, askedAtMs }: PendingDecision, outcome: string): void {
    const { clock, logger, metrics } = this.context;
    service.lastRecorded = '';
    metrics.decisions.with({ kind: decision.kind }).inc();
    logger.info(`${service.id}: ${decision.reason}: ${outcome}`, {
      service: service.id,
      decision: decision.kind,
      afterMs: clock.now() - askedAtMs,
    });
    this.append(service, decision, id, outcome);
  }

  /** What a drain came to, or a collection. */
  ended(
    service: Service,
    kind: 'killed' | 'expired' | 'collected',
    reason: string,
    outcome: string,
    more: { readonly instanceId?: InstanceId; readonly waitedMs?: number } = {},
  ): void {
    this.context.logger.info(`${service.id}: ${reason}: ${outcome}`, { service: service.id, ...more });
    const decisionId = nextDecisionId(this.context);
    this.write(service, { decisionId, epoch: this.context.epoch, kind, reason, outcome, ...more });
  }

  private append(service: Service, decision: Decision, decisionId: string, outcome: string): void {
    this.write(service, { ...decision, decisionId, epoch: this.context.epoch, outcome });
  }

  private write(service: Service, record: DecisionRecord): void {
    // Not waited for: a decision is acted upon within milliseconds, its history may be a little later.
    this.context.store.decisions.append(service.id, record).catch((error: unknown) => {
      this.context.logger.warn('a decision could not be recorded', { service: service.id, error });
    });
  }
}
