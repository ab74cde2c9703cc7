import type { ServiceParameters } from '@waiter/core';

/** The parameters of a service that its scaling depends on (spec: scaling-and-schedulers 1.1). */
export interface ScalingConfig {
  /** Requests one instance may serve at the same time; at least 1. */
  readonly concurrencyLevel: number;
  /** Instances wanted per `concurrencyLevel` outstanding requests; in (0, 2]. */
  readonly scaleFactor: number;
  /** Share of the gap to the ideal that is closed per second when growing; in [0, 1]. */
  readonly scaleUpFactor: number;
  /** The same when shrinking; much smaller, because a start costs more than idling. */
  readonly scaleDownFactor: number;
  /** Differences below this many instances are ignored; in [0, 1). */
  readonly jitterThreshold: number;
  readonly minInstances: number;
  readonly maxInstances: number;
  /** Share of the expired instances that is replaced at a time. */
  readonly expiredInstanceRestartRate: number;
}

/** Defaults of 1.1: what a description that says nothing about scaling gets. */
export const DEFAULT_SCALING: ScalingConfig = {
  concurrencyLevel: 1,
  scaleFactor: 1,
  scaleUpFactor: 0.1,
  scaleDownFactor: 0.001,
  jitterThreshold: 0.5,
  minInstances: 1,
  maxInstances: 500,
  expiredInstanceRestartRate: 0.1,
};

/** Reads the scaling parameters of an effective description; what is absent or not a number gets its default. */
export function scalingConfig(effective: ServiceParameters): ScalingConfig {
  const read = (name: string, fallback: number): number => {
    const value = effective[name];
    return typeof value === 'number' ? value : fallback;
  };
  return {
    concurrencyLevel: read('concurrency-level', DEFAULT_SCALING.concurrencyLevel),
    scaleFactor: read('scale-factor', DEFAULT_SCALING.scaleFactor),
    scaleUpFactor: read('scale-up-factor', DEFAULT_SCALING.scaleUpFactor),
    scaleDownFactor: read('scale-down-factor', DEFAULT_SCALING.scaleDownFactor),
    jitterThreshold: read('jitter-threshold', DEFAULT_SCALING.jitterThreshold),
    minInstances: read('min-instances', DEFAULT_SCALING.minInstances),
    maxInstances: read('max-instances', DEFAULT_SCALING.maxInstances),
    expiredInstanceRestartRate: read(
      'expired-instance-restart-rate',
      DEFAULT_SCALING.expiredInstanceRestartRate,
    ),
  };
}

/**
 * The preconditions of the formula (1.1).
 * @throws RangeError that names the first parameter out of range
 */
export function assertScalingConfig(config: ScalingConfig): void {
  const check = (ok: boolean, name: string, value: number, range: string): void => {
    if (!ok) throw new RangeError(`${name} must be ${range}, not ${value}`);
  };
  const { scaleFactor, scaleUpFactor, scaleDownFactor, jitterThreshold } = config;
  check(config.concurrencyLevel >= 1, 'concurrency-level', config.concurrencyLevel, 'at least 1');
  check(scaleFactor > 0 && scaleFactor <= 2, 'scale-factor', scaleFactor, 'above 0 and at most 2');
  check(scaleUpFactor >= 0 && scaleUpFactor <= 1, 'scale-up-factor', scaleUpFactor, 'between 0 and 1');
  check(
    scaleDownFactor >= 0 && scaleDownFactor <= 1,
    'scale-down-factor',
    scaleDownFactor,
    'between 0 and 1',
  );
  check(
    jitterThreshold >= 0 && jitterThreshold < 1,
    'jitter-threshold',
    jitterThreshold,
    'at least 0 and below 1',
  );
  check(config.minInstances >= 0, 'min-instances', config.minInstances, 'at least 0');
  check(config.maxInstances >= 0, 'max-instances', config.maxInstances, 'at least 0');
  check(
    config.expiredInstanceRestartRate >= 0,
    'expired-instance-restart-rate',
    config.expiredInstanceRestartRate,
    'at least 0',
  );
}
