/** The parameters of a service that every policy obeys. */
export interface PolicyLimits {
  readonly concurrencyLevel: number;
  readonly minInstances: number;
  readonly maxInstances: number;
}

/** What a policy is told at one evaluation. All of it is what a scaler can measure; nothing of it is the future. */
export interface Observation {
  readonly nowMs: number;
  /** Since the previous evaluation; 0 at the first. */
  readonly elapsedMs: number;
  readonly inFlight: number;
  readonly queued: number;
  /** In flight plus queued, averaged over the time since the previous evaluation; a scaler that has no average passes the present. */
  readonly meanDemand: number;
  /** Requests that came since the previous evaluation. */
  readonly arrivals: number;
  /** Instances requested, starting ones included, those that drain not. */
  readonly total: number;
  /** Instances that take requests. */
  readonly ready: number;
  /** Typical time from request to readiness of an instance as measured; null when none was measured yet. */
  readonly startupMs: number | null;
  /** Mean time that a request holds its slot as measured; null when none has ended yet. */
  readonly serviceMs: number | null;
}

/** What a policy wants, what it carries into its next evaluation, and why. */
export interface PolicyDecision<Memory> {
  /** Instances wanted, within the limits; the caller starts or drains the difference to `total`. */
  readonly instances: number;
  readonly memory: Memory;
  /** Every number on the way, in order. */
  readonly steps: Readonly<Record<string, number | string | boolean | null>>;
}

/**
 * A scaling policy: pure, from what is seen and what was carried over to what is wanted. `Memory` is plain data, so that it
 * can be kept in Redis and a new leader carries on where the old one was.
 */
export interface Policy<Memory = unknown> {
  readonly name: string;
  /** One sentence. */
  readonly description: string;
  /** How often it wants to be asked. */
  readonly intervalMs: number;
  /**
   * It is asked out of turn when a queue has stood for this long, as routers nudge the scaler (`LASTING_QUEUE_MS` there);
   * null: never, as autoscalers that poll metrics.
   */
  readonly queueLookMs: number | null;
  /** The most instances that may be stopped at one evaluation; null for no limit. */
  readonly stopsPerEvaluation: number | null;
  /** Every number that the policy is built on, for docs and reports. */
  readonly constants: Readonly<Record<string, number | string>>;
  /** @param memory null at the first evaluation */
  decide(limits: PolicyLimits, seen: Observation, memory: Memory | null): PolicyDecision<Memory>;
}

/** Within min and max; the lower bound wins, as in the original's formula. */
export function within(limits: PolicyLimits, instances: number): number {
  return Math.max(limits.minInstances, Math.min(limits.maxInstances, instances));
}
