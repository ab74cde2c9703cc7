import type { ServiceId } from '@waiter/core';
import type { Decision } from '@waiter/scaling';
import type { ScalingPause, ScalingPauses } from '@waiter/store';
import type { Context } from '../context';
import type { Service } from '../service/service';

/**
 * Where an operator has paused scaling. A paused service keeps the instances it has: nothing is started, stopped or
 * collected, and what was about to stop is kept. Evaluations go on and are recorded, so that a resume starts from the
 * target of that moment. What operators ask of single instances is done all the same.
 */
export class Pauses {
  private known: ScalingPauses = { everywhere: null, services: new Map() };

  constructor(private readonly context: Pick<Context, 'store'>) {}

  async refresh(): Promise<void> {
    this.known = await this.context.store.scalingPauses.all();
  }

  /** The pause that is in force for the service, or null. */
  of(id: ServiceId): ScalingPause | null {
    return this.known.services.get(id) ?? this.known.everywhere;
  }

  /** What comes of a decision while the service is paused. */
  hold(service: Service, decision: Decision): Decision {
    const pause = this.of(service.id);
    if (pause === null) return decision;
    const kept = service.draining.filter(({ drain }) => drain?.killing === false).map(({ id }) => id);
    const waiting = sentence(pause);
    if (kept.length > 0) {
      const reason = `${waiting}: what was about to stop is kept`;
      return { ...decision, kind: 'reopen', instanceIds: kept, remaining: 0, reason };
    }
    return {
      ...decision,
      kind: 'none',
      steps: { ...decision.steps, waiting },
      reason: decision.kind === 'none' ? decision.reason : `${decision.reason}; waits: ${waiting}`,
    };
  }
}

function sentence({ by, atMs, reason }: ScalingPause): string {
  const why = reason === '' ? '' : ` (${reason})`;
  return `scaling is paused by ${by} since ${new Date(atMs).toISOString()}${why}`;
}
