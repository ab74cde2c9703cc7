import { scaleService } from '../scale-service';
import { DEFAULT_SCALING, type ScalingConfig } from '../scaling-config';
import type { Policy } from './policy';

type Factors = Pick<ScalingConfig, 'scaleFactor' | 'scaleUpFactor' | 'scaleDownFactor' | 'jitterThreshold'>;

/** The defaults of services (spec: scaling-and-schedulers 1.1, base B of 1.3). */
const PRODUCTION: Factors = DEFAULT_SCALING;
/** What the original's tests of the formula start from (base A of 1.3). */
const TEST: Factors = { scaleFactor: 1, scaleUpFactor: 0.5, scaleDownFactor: 0.5, jitterThreshold: 0.9 };

interface Memory {
  readonly targetInstances: number;
}

/**
 * The original's formula: an average that rises quickly and falls slowly follows the requests outstanding, sampled each
 * second; one instance at most is stopped per pass (spec: scaling-and-schedulers 1.2, 1.8).
 */
export function original(name: string, factors: Factors): Policy<Memory> {
  const { scaleFactor, scaleUpFactor, scaleDownFactor, jitterThreshold } = factors;
  const own = { scaleFactor, scaleUpFactor, scaleDownFactor, jitterThreshold };
  return {
    name,
    description: "the original's formula",
    intervalMs: 1000,
    queueLookMs: null,
    stopsPerEvaluation: 1,
    constants: { ...own, intervalMs: 1000, stopsPerEvaluation: 1 },
    decide(limits, seen, memory) {
      const result = scaleService(
        { ...DEFAULT_SCALING, ...own, ...limits },
        {
          outstanding: seen.inFlight + seen.queued,
          targetInstances: memory?.targetInstances ?? seen.total,
          totalInstances: seen.total,
          healthyInstances: seen.ready,
          expiredInstances: 0,
        },
        seen.elapsedMs / 1000,
      );
      return {
        instances: result.scaleToInstances,
        memory: { targetInstances: result.targetInstances },
        steps: {
          ideal: result.ideal,
          smoothedUp: result.smoothedUp,
          smoothedDown: result.smoothedDown,
          delta: result.delta,
          clamped: result.clamped,
          held: result.held,
        },
      };
    },
  };
}

export const originalProduction = original('original', PRODUCTION);
export const originalTest = original('original-test', TEST);
