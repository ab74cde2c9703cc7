import type { Plan } from '../deployments/plan';
import { planView } from '../views/deployment-view';
import type { JsonObject } from '../views/task-view';
import type { MarathonEvent } from './event-bus';

/** An event as it goes to a client. @param light plans without what was before and what is to be */
export function eventView(event: MarathonEvent, light: boolean): JsonObject {
  const plan = event['plan'] as Plan | undefined;
  return plan === undefined ? event : { ...event, plan: planView(plan, light) };
}
