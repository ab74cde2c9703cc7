import type { ServiceId } from '@waiter/core';
import { isOk, lockingDeployments, refused } from './answers';
import type { MarathonAnswer, MarathonCall, MarathonClient } from './client';
import { stripSlash } from './ids';
import { list, object, text, timestamp } from './json-reader';

/** A stop that takes longer than this hangs (4A.3): Marathon lost track of a task, and the app id stays locked. */
const STUCK_STOP_MS = 5 * 60_000;

export interface Deployment {
  readonly id: string;
  readonly affectedApps: readonly ServiceId[];
  readonly currentActions: readonly string[];
  /** When it began; null when Marathon does not say. */
  readonly versionMs: number | null;
}

export async function listDeployments(client: MarathonClient): Promise<Deployment[]> {
  const call: MarathonCall = { method: 'GET', path: '/v2/deployments' };
  const answer = await client.call(call);
  if (!isOk(answer)) throw refused(call, answer);
  return list(answer.json)
    .map(object)
    .map((deployment) => ({
      id: text(deployment['id']) ?? '',
      affectedApps: list(deployment['affectedApps']).map((id) => stripSlash(text(id) ?? '')),
      currentActions: list(deployment['currentActions']).map(
        (action) => text(object(action)['action']) ?? '',
      ),
      versionMs: timestamp(deployment['version']),
    }))
    .filter(({ id }) => id !== '');
}

/** Gives up a deployment without reverting it; one that is over already is fine. */
export async function cancelDeployment(client: MarathonClient, id: string): Promise<void> {
  const call: MarathonCall = {
    method: 'DELETE',
    path: `/v2/deployments/${encodeURIComponent(id)}?force=true`,
  };
  const answer = await client.call(call);
  if (!isOk(answer) && answer.status !== 404) throw refused(call, answer);
}

/** Gives up what is being done to a service, so that something else can be done. */
export async function cancelDeploymentsOf(client: MarathonClient, serviceId: ServiceId): Promise<void> {
  for (const { id, affectedApps } of await listDeployments(client)) {
    if (affectedApps.includes(serviceId)) await cancelDeployment(client, id);
  }
}

/**
 * Frees an app id that a hanging stop holds, and only that: a younger stop will end by itself.
 * @param conflict the 409 that names the deployments in the way
 * @returns whether it is worth trying again at once
 */
export async function cancelStuckStop(
  client: MarathonClient,
  conflict: MarathonAnswer,
  nowMs: number,
): Promise<boolean> {
  const locking = new Set(lockingDeployments(conflict));
  const stuck = (await listDeployments(client)).find(
    ({ id, currentActions, versionMs }) =>
      locking.has(id) &&
      currentActions.includes('StopApplication') &&
      versionMs !== null &&
      versionMs < nowMs - STUCK_STOP_MS,
  );
  if (stuck === undefined) return false;
  await cancelDeployment(client, stuck.id);
  return true;
}
