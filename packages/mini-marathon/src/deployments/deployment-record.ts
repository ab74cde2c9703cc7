import type { AppDefinition } from '../apps/definition';
import type { Definitions, Plan } from './plan';

type Side = readonly (readonly [string, AppDefinition | null])[];

/** What is kept of a deployment that runs, so that another server can go on with it. */
export interface DeploymentRecord extends Omit<Plan, 'original' | 'target'> {
  readonly original: Side;
  readonly target: Side;
  readonly step: number;
}

export function deploymentRecord(plan: Plan, step: number): DeploymentRecord {
  return { ...plan, original: sideOf(plan.original), target: sideOf(plan.target), step };
}

export function planOf({ step: _step, original, target, ...rest }: DeploymentRecord): Plan {
  return { ...rest, original: definitionsOf(original), target: definitionsOf(target) };
}

const sideOf = (side: Definitions): Side => [...side].map(([id, app]) => [id, app ?? null]);

const definitionsOf = (side: Side): Definitions => new Map(side.map(([id, app]) => [id, app ?? undefined]));
