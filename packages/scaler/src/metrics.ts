import type { ServiceId } from '@waiter/core';
import type { BoundCounter, BoundGauge, BoundHistogram, Labelled, Metrics } from '@waiter/observability';

/** What was done about a decision, by the original's names (spec: scaling-and-schedulers 1.8). */
export const SCALING_ACTIONS = ['scale-up', 'scale-force', 'scale-down'] as const;
export type ScalingAction = (typeof SCALING_ACTIONS)[number];
/** `attempt` and `kill-fail` only of stops: a drain began, the scheduler refused to kill. */
export const SCALING_RESULTS = ['ignore', 'attempt', 'success', 'fail', 'kill-fail'] as const;
export type ScalingResult = (typeof SCALING_RESULTS)[number];
/** Phases of a launch, see `LaunchTracker`. */
export const LAUNCH_PHASES = ['scheduled', 'started', 'ready'] as const;

export interface ScalerMetrics {
  readonly leading: BoundGauge;
  readonly services: BoundGauge;
  readonly evaluations: BoundCounter;
  readonly tickSeconds: BoundHistogram;
  readonly decisions: Labelled<'kind', BoundCounter>;
  readonly schedulerFailures: Labelled<'operation', BoundCounter>;
  readonly probes: Labelled<'result', BoundCounter>;
  readonly collected: Labelled<'why', BoundCounter>;
  /** From the question (a router's nudge) to the scheduler's answer. */
  readonly reactionSeconds: BoundHistogram;
  readonly launchSeconds: Labelled<'service' | 'phase', BoundHistogram>;
  readonly instanceFailures: Labelled<'service', BoundCounter>;
  readonly scaling: Labelled<'service' | 'action' | 'result', BoundCounter>;
  /** A service is gone: so are its series. */
  forget(id: ServiceId): void;
}

/** A start may take minutes. */
const LAUNCH_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

export function scalerMetrics(metrics: Metrics): ScalerMetrics {
  const launchSeconds = metrics.histogram<'service' | 'phase'>({
    name: 'launch_seconds',
    help: 'Launches of instances by phase: scheduled, started, ready',
    labels: ['service', 'phase'],
    buckets: LAUNCH_BUCKETS,
  });
  const instanceFailures = metrics.counter<'service'>({
    name: 'instance_failures_total',
    help: 'Instances that failed, by service',
    labels: ['service'],
  });
  const scaling = metrics.counter<'service' | 'action' | 'result'>({
    name: 'scaling_total',
    help: 'What was done about decisions to scale, by service',
    labels: ['service', 'action', 'result'],
  });
  return {
    leading: metrics.gauge({ name: 'scaler_leading', help: '1 while this scaler leads' }),
    services: metrics.gauge({ name: 'scaler_services', help: 'Services the leader knows' }),
    evaluations: metrics.counter({
      name: 'scaler_evaluations_total',
      help: 'Evaluations of one service each',
    }),
    tickSeconds: metrics.histogram({
      name: 'scaler_tick_seconds',
      help: 'One round of evaluations of all services',
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
    launchSeconds,
    instanceFailures,
    scaling,
    forget(service) {
      for (const phase of LAUNCH_PHASES) launchSeconds.remove({ service, phase });
      instanceFailures.remove({ service });
      for (const action of SCALING_ACTIONS) {
        for (const result of SCALING_RESULTS) scaling.remove({ service, action, result });
      }
    },
  };
}
