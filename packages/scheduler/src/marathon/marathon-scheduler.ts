import type { Instance, ServiceId, ServiceParameters } from '@waiter/core';
import {
  SchedulerError,
  type DeleteResult,
  type KillResult,
  type ScheduledService,
  type Scheduler,
  type SchedulerEvent,
  type ServiceSpec,
} from '../port';
import { isOk, refused } from './answers';
import { canCheck } from './app-definition';
import { askOf, type Ask } from './ask';
import { APP_EMBEDS, serviceIdOfApp, serviceOfApp } from './app-state';
import { MarathonClient, type MarathonCall } from './client';
import { createService } from './create-service';
import { cancelDeploymentsOf } from './deployments';
import { DriftRepair } from './drift-repair';
import { MarathonEvents } from './events';
import { MarathonEventStream } from './event-stream';
import { FailedInstances } from './failed-instances';
import { LogDirectories } from './log-directories';
import { isOurs } from './ids';
import { list, object } from './json-reader';
import { InstanceKiller } from './kill';
import { KnownTasks } from './known-tasks';
import { compileOptions, type CompiledMarathonOptions, type MarathonOptions } from './options';

/**
 * The driver for Marathon, real or local (spec: scaling-and-schedulers 4A).
 * @throws TypeError for options that cannot work
 */
export function createMarathonScheduler(options: MarathonOptions): Scheduler {
  return new MarathonScheduler(compileOptions(options));
}

class MarathonScheduler implements Scheduler {
  readonly kind = 'marathon';
  private readonly client: MarathonClient;
  private readonly ask: Ask;
  private readonly failures = new FailedInstances();
  private readonly tasks = new KnownTasks();
  private readonly killer: InstanceKiller;
  private readonly logs: LogDirectories;
  private readonly drift: DriftRepair;
  private readonly stream: MarathonEventStream;
  private readonly listeners: ((event: SchedulerEvent) => void)[] = [];
  private readonly closing = new AbortController();

  constructor(private readonly options: CompiledMarathonOptions) {
    this.client = new MarathonClient(options);
    this.killer = new InstanceKiller(this.client, options);
    this.logs = new LogDirectories(this.client, options);
    this.ask = askOf(this.client, this.closing.signal);
    this.drift = new DriftRepair({
      ...options,
      ask: this.ask,
      scale: (id, instances) => this.scale(id, instances),
    });
    const events = new MarathonEvents(options.servicePrefix, this.failures, this.tasks, this.logs.of);
    this.stream = new MarathonEventStream(this.client, options, {
      onEvent: (event) => events.translate(event).forEach((each) => this.emit(each)),
      onChanged: () => this.emit({ type: 'changed', serviceId: null }),
    });
  }

  async list(): Promise<readonly ScheduledService[]> {
    await this.logs.refresh();
    const answer = await this.ask({ method: 'GET', path: `/v2/apps?${APP_EMBEDS}` });
    const services: ScheduledService[] = [];
    for (const app of list(object(answer.json)['apps'])) {
      const id = serviceIdOfApp(app);
      if (id === null || !isOurs(id, this.options.servicePrefix)) continue;
      services.push(this.service(id, app));
    }
    const ids = new Set(services.map(({ id }) => id));
    this.failures.keepOnly(ids);
    this.tasks.keepOnly(ids);
    return services;
  }

  async get(id: ServiceId): Promise<ScheduledService | null> {
    await this.logs.refresh();
    const answer = await this.ask({ method: 'GET', path: `${appPath(id)}?${APP_EMBEDS}` }, 404);
    return answer.status === 404 ? null : this.service(id, object(answer.json)['app'] ?? {});
  }

  async create(spec: ServiceSpec): Promise<boolean> {
    this.tasks.expectNoEnd(spec.id);
    return createService(spec, this.ask, this.client, this.options);
  }

  async scale(
    id: ServiceId,
    instances: number,
    { force = false }: { readonly force?: boolean } = {},
  ): Promise<void> {
    let count = instances;
    if (force) {
      await cancelDeploymentsOf(this.client, id);
      const service = await this.get(id);
      if (service === null) throw new SchedulerError(`${id} does not exist`, 404, false);
      // Forcing frees what is stuck; it never takes away what runs (4A.4).
      count = Math.max(instances, service.scheduled);
    }
    // Only the count: an app that was deleted meanwhile must not come back from a copy of some of its fields.
    const call: MarathonCall = {
      method: 'PUT',
      path: `${appPath(id)}?force=true`,
      body: { instances: count },
    };
    const answer = await this.client.call(call);
    if (isOk(answer)) return;
    // Marathon takes it for the creation of an app that lacks a command.
    if ([400, 404, 422].includes(answer.status) && (await this.get(id)) === null) {
      throw new SchedulerError(`${id} does not exist`, 404, false);
    }
    throw refused(call, answer, answer.status === 409 ? true : undefined);
  }

  async kill(
    instance: Pick<Instance, 'id' | 'serviceId'>,
    { force = false }: { readonly force?: boolean } = {},
  ): Promise<KillResult> {
    // Before the call: the end may be told before the answer comes.
    this.tasks.expectEnd(instance.id);
    const result = await this.killer.kill(instance, force);
    if (!result.killed && result.status !== 404) this.tasks.expectNoEnd(instance.id);
    return result;
  }

  async delete(id: ServiceId): Promise<DeleteResult> {
    const call: MarathonCall = { method: 'DELETE', path: appPath(id) };
    this.tasks.expectEnd(id);
    const answer = await this.ask(call, 404, 409, 503);
    if (answer.status === 409 || answer.status === 503) {
      this.tasks.expectNoEnd(id);
      return 'busy';
    }
    if (isOk(answer) && typeof object(answer.json)['deploymentId'] !== 'string') {
      throw new SchedulerError(
        'Marathon did not provide deploymentId for delete request',
        answer.status,
        false,
      );
    }
    this.failures.forgetService(id);
    this.killer.forget(id);
    return answer.status === 404 ? 'no-such-service' : 'deleted';
  }

  maintain(): Promise<void> {
    return this.drift.pass();
  }

  rest(): void {
    this.drift.forget();
  }

  checksHealth(effective: ServiceParameters): boolean {
    return canCheck(effective, this.options);
  }

  subscribe(listener: (event: SchedulerEvent) => void): void {
    this.listeners.push(listener);
    this.stream.start();
  }

  async close(): Promise<void> {
    this.closing.abort();
    await this.stream.close();
    await this.client.close();
  }

  private service(id: ServiceId, app: Parameters<typeof serviceOfApp>[1]): ScheduledService {
    const service = serviceOfApp(id, app, this.failures, this.logs.of);
    this.tasks.replace(
      id,
      service.active.map((instance) => instance.id),
    );
    return service;
  }

  private emit(event: SchedulerEvent): void {
    for (const listener of this.listeners) {
      try {
        listener(event);
      } catch (error) {
        this.options.logger.error('a listener to scheduler events failed', { error, type: event.type });
      }
    }
  }
}

const appPath = (id: ServiceId): string => `/v2/apps/${encodeURIComponent(id)}`;
