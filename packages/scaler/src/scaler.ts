import { systemClock, type Clock } from '@waiter/core';
import { createMetrics, NO_STATSD, type Logger, type Metrics, type Statsd } from '@waiter/observability';
import type { Scheduler } from '@waiter/scheduler';
import type { Queues, Store } from '@waiter/store';
import { scalerGauges } from './gauges';
import { scalerMetrics } from './metrics';
import { Jobs } from './jobs';
import type { ScalerOptions } from './options';
import { within } from './within';
import { Term } from './term';

export interface ScalerDeps {
  readonly store: Store;
  readonly queues: Queues;
  /** Its event stream is opened at the first election; closing it is up to the caller. */
  readonly scheduler: Scheduler;
  readonly options: ScalerOptions;
  readonly logger: Logger;
  readonly clock?: Clock;
  readonly metrics?: Metrics;
  readonly statsd?: Statsd;
}

export interface Scaler {
  /** Begins to campaign. */
  start(): void;
  /** Ends the work at hand and gives the leadership up; another scaler leads at once. */
  stop(): Promise<void>;
  readonly leading: boolean;
}

/** How long the end waits for the work at hand, and for Redis. */
const GRACE_MS = 2_000;

/**
 * The process that decides and acts on instance counts (DESIGN sections 2 and 7). Any number may run; the one that
 * holds the leadership lease works, the others wait for it.
 */
export function createScaler(deps: ScalerDeps): Scaler {
  const { store, queues, scheduler, options, logger, clock = systemClock, statsd = NO_STATSD } = deps;
  const registry = deps.metrics ?? createMetrics();
  const metrics = scalerMetrics(registry);
  const jobs = new Jobs(queues, options, logger);
  const leadership = store.leadership({
    candidate: options.id,
    leaseMs: options.leaseMs,
    renewMs: options.renewMs,
    clock,
  });
  let term: Term | null = null;
  let subscribed = false;
  let stopping = false;
  let beginning: Promise<void> = Promise.resolve();
  scalerGauges(registry, {
    queues,
    services: () => term?.services.values() ?? [],
    epoch: () => leadership.acting() ?? 0,
    now: () => clock.now(),
  });

  const endTerm = (): void => {
    term?.end();
    term = null;
    metrics.leading.set(0);
  };

  leadership.on('elected', (epoch) => {
    if (stopping) return;
    logger.info('elected leader', { epoch });
    metrics.leading.set(1);
    const elected = new Term(
      { store, scheduler, options, logger, clock, metrics, statsd, jobs },
      epoch,
      leadership,
    );
    term = elected;
    if (!subscribed) {
      subscribed = true;
      scheduler.subscribe((event) => term?.onEvent(event));
    }
    beginning = elected.start().catch((error: unknown) => {
      if (elected.ended) return;
      logger.error('the term could not begin: stepping down', { error });
      leadership.step();
    });
  });
  leadership.on('deposed', () => {
    logger.info('no longer leader');
    endTerm();
  });

  return {
    start: () => leadership.start(),
    stop: async () => {
      stopping = true;
      endTerm();
      // The lease is kept until the scheduler calls under way are over: nobody else acts meanwhile.
      await within(GRACE_MS, Promise.all([beginning, jobs.drained(GRACE_MS)]));
      // Redis may be away: then the lease runs out by itself.
      await within(GRACE_MS, leadership.resign());
      await jobs.close(GRACE_MS);
    },
    get leading() {
      return leadership.acting() !== null;
    },
  };
}
