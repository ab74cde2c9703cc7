import { invalidObject } from '../api-error';
import { changeBetween } from '../apps/change';
import type { AppDefinition } from '../apps/definition';
import { dependencyRounds } from './dependency-order';

export type ActionName = 'StartApplication' | 'ScaleApplication' | 'RestartApplication' | 'StopApplication';

export interface Action {
  readonly action: ActionName;
  readonly app: string;
}

export interface Step {
  readonly actions: readonly Action[];
}

/** Definitions by app id; undefined: the app does not exist on that side. */
export type Definitions = ReadonlyMap<string, AppDefinition | undefined>;

export interface Plan {
  readonly id: string;
  readonly version: string;
  readonly original: Definitions;
  readonly target: Definitions;
  readonly steps: readonly Step[];
  readonly affectedApps: readonly string[];
}

export interface PlanOptions {
  /** These restart although their definition is unchanged. */
  readonly restart?: ReadonlySet<string>;
  /** A kill with scale is a scaling even where the count stays (4B.4: unknown task id). */
  readonly scale?: ReadonlySet<string>;
  /** Ids of apps and groups that an app depends on: it starts, scales or restarts after them. */
  readonly dependenciesOf?: (app: string) => readonly string[];
}

/**
 * The steps from one set of definitions to another (4B.5): first what stops, then new apps are recorded, then everything is
 * scaled or restarted, what others depend on before them. An unchanged app is in no step.
 * @throws ApiError 422 where apps depend on each other in a circle
 */
export function planBetween(
  id: string,
  version: string,
  original: Definitions,
  target: Definitions,
  options: PlanOptions = {},
): Plan {
  const stop: Action[] = [];
  const start: Action[] = [];
  const move: Action[] = [];
  for (const app of new Set([...original.keys(), ...target.keys()])) {
    const before = original.get(app);
    const after = target.get(app);
    if (before !== undefined && after === undefined) stop.push({ action: 'StopApplication', app });
    if (after === undefined) continue;
    if (before === undefined) start.push({ action: 'StartApplication', app });
    const change = before === undefined ? 'scale' : changeBetween(before, after);
    if (change === 'config' || options.restart?.has(app) === true)
      move.push({ action: 'RestartApplication', app });
    else if (change === 'scale' || options.scale?.has(app) === true)
      move.push({ action: 'ScaleApplication', app });
  }
  const steps = [stop, start, ...inOrder(move, options.dependenciesOf)]
    .filter((actions) => actions.length > 0)
    .map((actions) => ({ actions }));
  const affectedApps = [...new Set(steps.flatMap((step) => step.actions.map((action) => action.app)))];
  return { id, version, original, target, steps, affectedApps };
}

function inOrder(moves: readonly Action[], dependenciesOf: PlanOptions['dependenciesOf']): Action[][] {
  if (dependenciesOf === undefined) return [[...moves]];
  try {
    const rounds = dependencyRounds(
      moves.map(({ app }) => app),
      dependenciesOf,
    );
    return rounds.map((round) => moves.filter(({ app }) => round.includes(app)));
  } catch (error) {
    throw invalidObject([{ path: '/', errors: [(error as RangeError).message] }]);
  }
}

/** Two deployments conflict when they affect a common app. */
export function conflicting<T extends { readonly plan: Plan }>(plan: Plan, running: readonly T[]): T[] {
  const affected = new Set(plan.affectedApps);
  return running.filter((other) => other.plan.affectedApps.some((app) => affected.has(app)));
}
