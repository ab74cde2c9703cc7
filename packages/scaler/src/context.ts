import type { Clock, Epoch, ServiceId } from '@waiter/core';
import type { Logger, Statsd } from '@waiter/observability';
import type { Scheduler } from '@waiter/scheduler';
import type { Store } from '@waiter/store';
import type { ScalerMetrics } from './metrics';
import type { ScalerOptions } from './options';
import type { Service } from './service/service';

/** What the parts of one term of leadership share. */
export interface Context {
  readonly epoch: Epoch;
  /** Wall clock. */
  readonly electedAtMs: number;
  readonly store: Store;
  readonly scheduler: Scheduler;
  readonly options: ScalerOptions;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly metrics: ScalerMetrics;
  readonly statsd: Statsd;
  readonly services: Map<ServiceId, Service>;
  /** Whether this term may change anything now. To be asked before every effect. */
  acting(): boolean;
  /** Whether the term is over for good. */
  readonly ended: boolean;
  /** A later leader was met: stop at once. */
  stepDown(): void;
}

/** Thrown instead of an effect while the lease is not surely ours. */
export class NotLeadingError extends Error {
  constructor(what: string) {
    super(`not leading: did not ${what}`);
    this.name = 'NotLeadingError';
  }
}

/** @throws NotLeadingError */
export function assertActing(context: Pick<Context, 'acting'>, what: string): void {
  if (!context.acting()) throw new NotLeadingError(what);
}
