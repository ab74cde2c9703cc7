/// <reference types="jest" />
import type { Instance, ServiceId, ServiceParameters } from '@waiter/core';
import type { ScheduledService, Scheduler, SchedulerEvent } from '../port';
import type { SchedulerHarness } from './harness';
import { until } from './until';

/** One thing that the port promises. `holds` rejects where a driver breaks it. */
export interface SchedulerPromise {
  readonly promise: string;
  holds(bench: Bench): Promise<void>;
}

export type Bench = ReturnType<typeof createBench>;

/** A driver on trial: what it told so far, and what tests do with it again and again. Subscribes to the driver. */
export function createBench(harness: SchedulerHarness, scheduler: Scheduler = harness.scheduler) {
  const events: SchedulerEvent[] = [];
  const created: ServiceId[] = [];
  scheduler.subscribe((event) => events.push(event));
  const start = async (
    command = harness.serveCommand,
    instances = 1,
    more: ServiceParameters = {},
  ): Promise<ServiceId> => {
    const id = harness.newServiceId();
    created.push(id);
    expect(await scheduler.create(harness.spec(id, command, instances, more))).toBe(true);
    return id;
  };
  const when = (
    id: ServiceId,
    what: string,
    holds: (service: ScheduledService) => boolean,
  ): Promise<ScheduledService> =>
    until(`${id} ${what}`, async () => {
      const service = await scheduler.get(id);
      return service !== null && holds(service) ? service : null;
    });
  const running = (id: ServiceId, count: number): Promise<ScheduledService> =>
    when(
      id,
      `to run ${count}`,
      ({ active }) => active.length === count && active.every((each) => each.startedAtMs !== null),
    );
  const healthy = (id: ServiceId, count: number): Promise<ScheduledService> =>
    when(
      id,
      `to have ${count} healthy`,
      ({ active }) => active.filter((each) => each.healthy).length === count,
    );
  /** Kills until the scheduler is not busy with something else. */
  const killed = (victim: Instance): Promise<unknown> =>
    until('the kill', async () => (await scheduler.kill(victim)).killed);
  const startedIn = (id: ServiceId) =>
    events.flatMap((event) =>
      event.type === 'started' && event.instance.serviceId === id ? [event.instance] : [],
    );
  const endedIn = (id: ServiceId) =>
    events.flatMap((event) => (event.type === 'ended' && event.serviceId === id ? [event] : []));

  /** Ends what the last promise started. */
  const clear = async (): Promise<void> => {
    for (const id of created.splice(0))
      await until(`${id} to be gone`, async () => (await harness.scheduler.delete(id)) !== 'busy');
  };
  return {
    harness,
    scheduler,
    events,
    created,
    start,
    when,
    running,
    healthy,
    killed,
    startedIn,
    endedIn,
    clear,
  };
}
