import type { Policy, PolicyLimits } from '../policies/policy';
import { sampler, type Distribution } from './distribution';
import { RequestSimulation } from './request-simulation';
import type { Figures } from './figures';
import type { Sample } from './timeline';

/** One run: a load, a service, a policy. Everything random comes from `seed`. */
export interface RequestSimulationOptions {
  /** Ascending, in milliseconds (`arrivalTimes`). */
  readonly arrivals: Float64Array;
  /** The run lasts at least this long, and until the last request is served. */
  readonly lengthMs: number;
  readonly service: Distribution;
  readonly startup: Distribution;
  readonly limits: PolicyLimits;
  /** Router nodes; slots are exact over all of them, so that they only decide which instance gets a request. */
  readonly routers: number;
  readonly policy: Policy;
  readonly seed: number;
  /** Ready at the beginning; `min-instances` by default. */
  readonly initialInstances?: number;
  /** Samples for plots; 0 by default. */
  readonly samples?: number;
}

export interface RequestSimulationResult extends Figures {
  readonly policy: string;
  readonly evaluations: number;
  readonly timeline: readonly Sample[];
}

/**
 * Serves every request of a trace under a policy: requests queue in order of arrival for the slots of ready instances, the
 * policy is asked at its interval, and at once when a request comes and there is no instance. While a request waits, at least
 * one instance is kept or started.
 * Deterministic: the same options give the same result, and all policies see the same arrivals and service times.
 * @throws RangeError for options that could never serve the requests
 */
export function simulateRequests(options: RequestSimulationOptions): RequestSimulationResult {
  const { limits, routers, policy } = options;
  if (!(limits.concurrencyLevel >= 1 && limits.maxInstances >= 1 && limits.minInstances >= 0)) {
    throw new RangeError('concurrency-level and max-instances must be at least 1, min-instances at least 0');
  }
  if (!(Number.isInteger(routers) && routers >= 1)) throw new RangeError('routers must be at least 1');
  // Both distributions are checked before anything runs.
  sampler(options.service, () => 0);
  sampler(options.startup, () => 0);
  const simulation = new RequestSimulation(options);
  simulation.run();
  return { policy: policy.name, ...simulation.result() };
}
