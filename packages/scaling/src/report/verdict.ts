import { POLICY_NAMES } from '../policies/registry';
import type { ArrivalTrace } from '../simulator/arrivals';
import { comparePolicies } from '../simulator/compare-policies';
import type { Distribution } from '../simulator/distribution';
import type { RequestSimulationResult } from '../simulator/simulate-requests';

/** What docs/autoscaling.md compares: each service time with each start-up. */
export const SERVICE_MS = [50, 1000, 10_000];
export const STARTUP_MS = [1000, 5000, 30_000];
/** What `predictive` is measured against. */
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

/** Every service time with every start-up. */
export function* cellsOf(
  trace: ArrivalTrace,
  service: (meanMs: number) => Distribution,
  seed: number,
  policies: readonly string[] = POLICY_NAMES,
  servicesMs: readonly number[] = SERVICE_MS,
): Generator<Cell> {
  for (const serviceMs of servicesMs) {
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

const MARKS: Readonly<Record<Verdict, string>> = {
  better: '**better**',
  same: 'same',
  trade: 'trade',
  worse: 'WORSE',
};
const seconds = (ms: number): string => (ms / 1000).toFixed(ms < 10_000 ? 2 : 1);

export const marksOf = (cell: Cell): string => cell.verdicts.map((said) => MARKS[said]).join(', ');

/** A line of the tables of docs/autoscaling.md. */
export function rowOf(cell: Cell): string {
  const figures = [...cell.results.values()].map(
    ({ waitP99Ms, instanceSeconds, startsPlusStops }) =>
      `${seconds(waitP99Ms)} s, ${Math.round(instanceSeconds / 100) / 10}k, ${startsPlusStops}`,
  );
  return `| ${[`${cell.serviceMs / 1000} s / ${cell.startupMs / 1000} s`, ...figures, marksOf(cell)].join(' | ')} |`;
}
