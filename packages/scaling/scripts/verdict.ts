import { comparePolicies, POLICY_NAMES, type ArrivalTrace, type Distribution } from '../src';
import type { RequestSimulationResult } from '../src';

export const SERVICE_MS = [50, 1000, 10_000];
export const STARTUP_MS = [1000, 5000, 30_000];
export const RIVALS = ['original', 'original-test', 'kpa', 'hpa'] as const;

export type Verdict = 'better' | 'same' | 'trade' | 'worse';
export const VERDICTS: readonly Verdict[] = ['better', 'same', 'trade', 'worse'];

/** What the two figures that count say: wait p99, to the millisecond, and instance-seconds. */
export function verdict(ours: RequestSimulationResult, theirs: RequestSimulationResult): Verdict {
  const wait = Math.round(ours.waitP99Ms) - Math.round(theirs.waitP99Ms);
  const cost = Math.round(ours.instanceSeconds) - Math.round(theirs.instanceSeconds);
  if (wait === 0 && cost === 0) return 'same';
  if (wait <= 0 && cost <= 0) return 'better';
  return wait >= 0 && cost >= 0 ? 'worse' : 'trade';
}

/** A trace with one service time and one start-up time. */
export interface Cell {
  readonly serviceMs: number;
  readonly startupMs: number;
  readonly results: ReadonlyMap<string, RequestSimulationResult>;
  readonly verdicts: readonly Verdict[];
}

/** Nine cells: every service time with every start-up. */
export function* cellsOf(
  trace: ArrivalTrace,
  service: (meanMs: number) => Distribution,
  seed: number,
  policies: readonly string[] = POLICY_NAMES,
): Generator<Cell> {
  for (const serviceMs of SERVICE_MS) {
    for (const startupMs of STARTUP_MS) {
      const results = new Map(
        comparePolicies({
          trace,
          service: service(serviceMs),
          startup: { kind: 'constant', meanMs: startupMs },
          limits: { concurrencyLevel: 1, minInstances: 1, maxInstances: 500 },
          routers: 1,
          seed,
          policies,
        }).map((result) => [result.policy, result]),
      );
      const find = (policy: string): RequestSimulationResult => {
        const found = results.get(policy);
        if (found === undefined) throw new Error(`no result of ${policy}`);
        return found;
      };
      const verdicts = RIVALS.map((rival) => verdict(find('predictive'), find(rival)));
      yield { serviceMs, startupMs, results, verdicts };
    }
  }
}
