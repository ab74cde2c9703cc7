import type { ServiceSpec } from '../port';
import { lockingDeployments, refused } from './answers';
import { appDefinition, assertRunnable } from './app-definition';
import type { Ask } from './ask';
import type { MarathonCall, MarathonClient } from './client';
import { cancelStuckStop } from './deployments';
import type { CompiledMarathonOptions } from './options';

/**
 * Posts the app without asking first whether it exists: one round trip less on every cold start.
 * @returns false when the app exists already
 * @throws SchedulerError, transient when a deployment holds the id: most likely its deletion, which will end
 */
export async function createService(
  spec: ServiceSpec,
  ask: Ask,
  client: MarathonClient,
  options: CompiledMarathonOptions,
): Promise<boolean> {
  assertRunnable(spec.effective, options);
  const call: MarathonCall = { method: 'POST', path: '/v2/apps', body: appDefinition(spec, options) };
  const answer = await ask(call, 409);
  if (answer.status !== 409) return true;
  // Only the conflict that is a lock names deployments; the other one is that the app exists (4B.2).
  if (lockingDeployments(answer).length === 0) return false;
  if (!(await cancelStuckStop(client, answer, options.clock.now()))) throw refused(call, answer, true);

  options.logger.warn('gave up a deletion that hung', { service: spec.id });
  const again = await ask(call, 409);
  if (again.status === 409) throw refused(call, again, true);
  return true;
}
