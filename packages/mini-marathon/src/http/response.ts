import type { Response } from 'express';
import type { Cluster } from '../cluster';
import type { Plan } from '../deployments/plan';

/** The answer to a change: `{version, deploymentId}`, the id also as a header (4B.1). */
export function sendDeployment(response: Response, plan: Plan, status = 200): void {
  response
    .status(status)
    .set('Marathon-Deployment-Id', plan.id)
    .json({ version: plan.version, deploymentId: plan.id });
}

/** A status alone, once what it tells of is written. */
export function sendNothing(response: Response, cluster: Cluster, status: number): void {
  cluster.flush();
  response.status(status).end();
}
