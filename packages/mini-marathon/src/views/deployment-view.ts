import type { Deployment } from '../deployments/deployments';
import type { Plan } from '../deployments/plan';
import type { Task } from '../tasks/task';
import type { TaskTable } from '../tasks/task-table';
import type { JsonObject } from './task-view';

/** A running deployment (4B.5). */
export function deploymentView({ plan, step }: Deployment, table: TaskTable): JsonObject {
  const actions = plan.steps[step]?.actions ?? [];
  return {
    id: plan.id,
    version: plan.version,
    affectedApps: plan.affectedApps,
    affectedPods: [],
    steps: plan.steps,
    currentActions: actions.map((action) => ({
      ...action,
      readinessCheckResults: readinessView(table.ofApp(action.app)),
    })),
    currentStep: step + 1,
    totalSteps: plan.steps.length,
  };
}

/** What the readiness checks of tasks have seen. */
export function readinessView(tasks: readonly Task[]): JsonObject[] {
  return tasks.flatMap(({ id, readiness }) => readiness.map((state) => ({ taskId: id, ...state })));
}

/**
 * A plan inside an event. The full form embeds the root group before and after, as older servers do, but with only the apps
 * that the plan is about; the light one (`plan-format=light`) names them.
 */
export function planView(plan: Plan, light: boolean): JsonObject {
  const { id, version, steps } = plan;
  if (light) return { id, version, affectedApps: plan.affectedApps, affectedPods: [], steps };
  const group = (side: Plan['original']) => ({
    id: '/',
    apps: [...side.values()].filter((app) => app !== undefined),
    dependencies: [],
    groups: [],
    pods: [],
    version,
  });
  return { id, version, original: group(plan.original), target: group(plan.target), steps };
}
