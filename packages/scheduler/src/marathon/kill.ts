import type { Instance, InstanceId, ServiceId } from '@waiter/core';
import { SchedulerError, type KillResult } from '../port';
import { errorText, isOk } from './answers';
import { UnreachableError, type MarathonAnswer, type MarathonClient } from './client';
import type { CompiledMarathonOptions } from './options';
import { list, object, text } from './json-reader';
import { retry } from './retry';

/**
 * Kills chosen instances (4A.5). Marathon refuses while another deployment of the app runs, for instance one that waits
 * for an instance that will never be healthy: kills of a service that fail for a minute are forced.
 */
export class InstanceKiller {
  private readonly failingSinceMs = new Map<ServiceId, number>();

  constructor(
    private readonly client: MarathonClient,
    private readonly options: Pick<CompiledMarathonOptions, 'clock' | 'forceKillAfterMs'>,
  ) {}

  async kill(instance: Pick<Instance, 'id' | 'serviceId'>, force: boolean): Promise<KillResult> {
    const { serviceId } = instance;
    const result = await this.attempt(instance, force || this.isStuck(serviceId));
    if (result.killed) this.failingSinceMs.delete(serviceId);
    else if (result.status !== 404 && !this.failingSinceMs.has(serviceId)) {
      this.failingSinceMs.set(serviceId, this.options.clock.monotonic());
    }
    return result;
  }

  forget(serviceId: ServiceId): void {
    this.failingSinceMs.delete(serviceId);
  }

  private isStuck(serviceId: ServiceId): boolean {
    const since = this.failingSinceMs.get(serviceId);
    return since !== undefined && this.options.clock.monotonic() - since > this.options.forceKillAfterMs;
  }

  private async attempt(
    { id, serviceId }: Pick<Instance, 'id' | 'serviceId'>,
    force: boolean,
  ): Promise<KillResult> {
    const tasks = `/v2/apps/${encodeURIComponent(serviceId)}/tasks`;
    try {
      const known = await this.call('GET', tasks);
      if (known.status === 404) return refusal('No such service', 404);
      // Marathon would answer a kill with scale of an unknown task as if it had been done (4B.4).
      if (isOk(known) && !taskIds(known).includes(id)) return refusal('No such instance', 404);
      const path = `${tasks}/${encodeURIComponent(id)}?force=${force}&scale=true`;
      return resultOf(await this.call('DELETE', path));
    } catch (error) {
      return refusal(error instanceof SchedulerError ? error.message : String(error), 500);
    }
  }

  /** Repeated only when nothing was sent: each kill that arrives lowers the count once more. */
  private call(method: 'GET' | 'DELETE', path: string): Promise<MarathonAnswer> {
    return retry(() => this.client.call({ method, path }), {
      retryable: (error) => error instanceof UnreachableError,
    });
  }
}

const refusal = (message: string, status: number): KillResult => ({ killed: false, message, status });

const taskIds = (answer: MarathonAnswer): (InstanceId | null)[] =>
  list(object(answer.json)['tasks']).map((task) => text(object(task)['id']));

function resultOf(answer: MarathonAnswer): KillResult {
  if (isOk(answer)) {
    return text(object(answer.json)['deploymentId']) === null
      ? refusal('Unable to kill instance', 500)
      : { killed: true };
  }
  if (answer.status === 409) return refusal('Locked by one or more deployments', 409);
  return refusal(errorText(answer), answer.status);
}
