import type { PolicyLimits } from '../policies/policy';
import { policyNamed } from '../policies/registry';
import { arrivalTimes, traceLengthMs, type ArrivalTrace } from './arrivals';
import type { Distribution } from './distribution';
import { foresee } from './foresee';
import { simulateRequests, type RequestSimulationResult } from './simulate-requests';

/** One load on one service, under several policies. All of it is data: nothing here is ever run as code. */
export interface Comparison {
  readonly trace: ArrivalTrace;
  readonly service: Distribution;
  readonly startup: Distribution;
  readonly limits: PolicyLimits;
  readonly routers: number;
  readonly seed: number;
  /** Out of `POLICY_NAMES`. */
  readonly policies: readonly string[];
  readonly samples?: number;
}

/** Runs the policies one after the other; all get the same arrivals and the same service times. @throws RangeError */
export function comparePolicies(comparison: Comparison): RequestSimulationResult[] {
  const { trace, service, startup, limits, routers, seed, samples = 0 } = comparison;
  const arrivals = arrivalTimes(trace, seed);
  const policies = comparison.policies.map((name) =>
    policyNamed(name, () => foresee(arrivals, service, seed)),
  );
  return policies.map((policy) =>
    simulateRequests({
      arrivals,
      lengthMs: traceLengthMs(trace),
      service,
      startup,
      limits,
      routers,
      policy,
      seed,
      samples,
    }),
  );
}
