import type { BoundCounter, BoundGauge, BoundHistogram, Labelled, Metrics } from '@waiter/observability';

export interface ScalerMetrics {
  readonly leading: BoundGauge;
  readonly services: BoundGauge;
  readonly evaluations: BoundCounter;
  readonly decisions: Labelled<'kind', BoundCounter>;
  readonly schedulerFailures: Labelled<'operation', BoundCounter>;
  readonly probes: Labelled<'result', BoundCounter>;
  readonly collected: Labelled<'why', BoundCounter>;
  /** From the question (a router's nudge) to the scheduler's answer. */
  readonly reactionSeconds: BoundHistogram;
}

export function scalerMetrics(metrics: Metrics): ScalerMetrics {
  return {
    leading: metrics.gauge({ name: 'scaler_leading', help: '1 while this scaler leads' }),
    services: metrics.gauge({ name: 'scaler_services', help: 'Services the leader knows' }),
    evaluations: metrics.counter({
      name: 'scaler_evaluations_total',
      help: 'Evaluations of one service each',
    }),
    decisions: metrics.counter({
      name: 'scaler_decisions_total',
      help: 'Decisions other than to do nothing',
      labels: ['kind'],
    }),
    schedulerFailures: metrics.counter({
      name: 'scaler_scheduler_failures_total',
      help: 'Calls of the scheduler that failed',
      labels: ['operation'],
    }),
    probes: metrics.counter({
      name: 'scaler_probes_total',
      help: 'Health checks by the scaler',
      labels: ['result'],
    }),
    collected: metrics.counter({
      name: 'scaler_collected_total',
      help: 'Services deleted because nobody uses them or they are broken',
      labels: ['why'],
    }),
    reactionSeconds: metrics.histogram({
      name: 'scaler_reaction_seconds',
      help: 'From a request for an evaluation to the scheduler having been asked',
    }),
  };
}
