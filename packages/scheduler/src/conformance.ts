/// <reference types="jest" />
import { setTimeout as pause } from 'node:timers/promises';
import type { ServiceId } from '@waiter/core';
import {
  SchedulerError,
  type ScheduledService,
  type Scheduler,
  type SchedulerEvent,
  type ServiceSpec,
} from './port';

/** What the suite needs to try out a driver against its real scheduler. */
export interface SchedulerHarness {
  readonly scheduler: Scheduler;
  /** An id that the driver takes for one of ours, not used before. */
  newServiceId(): ServiceId;
  /** A complete spec of a service that runs this command. */
  spec(id: ServiceId, command: string, instances: number): ServiceSpec;
  /**
   * A command that listens on `$PORT0` and answers every GET with 200 and its environment as JSON. It must end
   * on SIGTERM.
   */
  readonly serveCommand: string;
  /** Makes the scheduler unreachable while `during` runs, and ends all its connections. */
  interrupt(during: () => Promise<void>): Promise<void>;
  /** Frees everything, the driver included. */
  close(): Promise<void>;
}

const DEADLINE_MS = 15_000;

/** Declares jest tests of everything that the port promises; every driver passes them (not part of the runtime export). */
export function describeScheduler(name: string, makeHarness: () => Promise<SchedulerHarness>): void {
  describe(`scheduler conformance: ${name}`, () => {
    let harness: SchedulerHarness;
    let scheduler: Scheduler;
    const events: SchedulerEvent[] = [];
    const created: ServiceId[] = [];

    beforeAll(async () => {
      harness = await makeHarness();
      scheduler = harness.scheduler;
      scheduler.subscribe((event) => events.push(event));
    });
    afterEach(async () => {
      for (const id of created.splice(0))
        await until(`${id} to be gone`, async () => (await scheduler.delete(id)) !== 'busy');
    });
    afterAll(async () => harness.close());

    const start = async (command = harness.serveCommand, instances = 1): Promise<ServiceId> => {
      const id = harness.newServiceId();
      created.push(id);
      expect(await scheduler.create(harness.spec(id, command, instances))).toBe(true);
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
    const startedIn = (id: ServiceId) =>
      events.flatMap((event) =>
        event.type === 'started' && event.instance.serviceId === id ? [event.instance] : [],
      );
    const endedIn = (id: ServiceId) =>
      events.flatMap((event) => (event.type === 'ended' && event.serviceId === id ? [event] : []));

    test('announces once it is connected that anything may have changed', async () => {
      await until('changed', async () =>
        events.some((event) => event.type === 'changed' && event.serviceId === null),
      );
    });

    test('create is idempotent: the second says false and changes nothing', async () => {
      const id = await start(harness.serveCommand, 2);
      expect(await scheduler.create(harness.spec(id, harness.serveCommand, 5))).toBe(false);
      expect(await scheduler.get(id)).toMatchObject({ requested: 2 });
    });

    test('of creates at the same time exactly one says true', async () => {
      const id = harness.newServiceId();
      created.push(id);
      const spec = harness.spec(id, harness.serveCommand, 1);
      const results = await Promise.all([1, 2, 3, 4].map(() => scheduler.create(spec)));
      expect(results.filter(Boolean)).toHaveLength(1);
    });

    test('get and list show the service with its description, counts and instances', async () => {
      const id = await start();
      const service = await running(id, 1);
      const spec = harness.spec(id, harness.serveCommand, 1);
      expect(service).toMatchObject({ id, requested: 1, scheduled: 1, failed: [], deploymentError: null });
      expect(service.description).toEqual(spec.description);
      expect(service.active[0]).toMatchObject({ serviceId: id, exitCode: null, host: expect.any(String) });
      expect(service.active[0]?.id.startsWith(`${id}.`)).toBe(true);
      expect((await scheduler.list()).find((each) => each.id === id)).toMatchObject({ id, requested: 1 });
    });

    test('a description of any size and any characters comes back as it was', async () => {
      const id = harness.newServiceId();
      created.push(id);
      const spec = harness.spec(id, harness.serveCommand, 1);
      const description = { ...spec.description, env: { TEXT: 'ünïcode "quotes" \\ \n'.repeat(300) } };
      expect(await scheduler.create({ ...spec, description })).toBe(true);
      expect((await scheduler.get(id))?.description).toEqual(description);
    });

    test('what is not known is null, and cannot be scaled', async () => {
      const id = harness.newServiceId();
      expect(await scheduler.get(id)).toBeNull();
      expect((await scheduler.list()).some((each) => each.id === id)).toBe(false);
      await expect(scheduler.scale(id, 2)).rejects.toMatchObject({ status: 404, transient: false });
      await expect(scheduler.scale(id, 2, { force: true })).rejects.toBeInstanceOf(SchedulerError);
    });

    test('tells that an instance has started, with the address it serves at', async () => {
      const id = await start();
      const instance = await until('started', async () => startedIn(id)[0]);
      expect((await running(id, 1)).active[0]).toMatchObject({
        id: instance.id,
        host: instance.host,
        port: instance.port,
        extraPorts: instance.extraPorts,
      });
      const environment = await until('an answer', async () => ask(instance.host, instance.port));
      expect(environment).toMatchObject(harness.spec(id, harness.serveCommand, 1).environment);
    });

    test('an instance that passes its health checks becomes healthy', async () => {
      const id = await start();
      const { active } = await when(id, 'to be healthy', (service) =>
        service.active.some(({ healthy }) => healthy),
      );
      const instanceId = active[0]?.id;
      await until('health', async () =>
        events.some((event) => event.type === 'health' && event.instanceId === instanceId && event.healthy),
      );
    });

    test('scaling up changes the requested count at once, instances follow', async () => {
      const id = await start();
      await running(id, 1);
      await scheduler.scale(id, 3);
      expect(await scheduler.get(id)).toMatchObject({ requested: 3 });
      const { active } = await running(id, 3);
      expect(new Set(active.map(({ host, port }) => `${host}:${port}`)).size).toBe(3);
      await until('three starts', async () => new Set(startedIn(id).map((each) => each.id)).size === 3);
    });

    test('kill ends the chosen instance and lowers the requested count; the others stay', async () => {
      const id = await start(harness.serveCommand, 3);
      const { active } = await when(
        id,
        'to be healthy',
        (service) => service.active.filter((each) => each.healthy).length === 3,
      );
      const [, victim] = active;
      if (victim === undefined) throw new Error('no instance to kill');
      const result = await until('the kill', async () => {
        const answer = await scheduler.kill(victim);
        return answer.killed ? answer : null;
      });
      expect(result).toEqual({ killed: true });
      expect(await scheduler.get(id)).toMatchObject({ requested: 2 });
      const after = await running(id, 2);
      expect(after.active.map((each) => each.id).sort()).toEqual(
        active
          .map((each) => each.id)
          .filter((each) => each !== victim.id)
          .sort(),
      );
      expect(after.failed).toEqual([]);
      const ended = await until('ended', async () => endedIn(id)[0]);
      expect(ended).toMatchObject({ instanceId: victim.id, failed: null });
    });

    test('kill of what does not exist says so and changes nothing', async () => {
      const id = await start();
      const { active } = await running(id, 1);
      const unknown = `${active[0]?.id}-unknown`;
      expect(await scheduler.kill({ id: unknown, serviceId: id })).toMatchObject({
        killed: false,
        status: 404,
      });
      expect(await scheduler.get(id)).toMatchObject({ requested: 1 });
      const nowhere = harness.newServiceId();
      expect(await scheduler.kill({ id: `${nowhere}.1`, serviceId: nowhere })).toMatchObject({
        killed: false,
        status: 404,
      });
    });

    test('a command that fails is told with its exit code, and shown as failed', async () => {
      const id = await start('exit 7');
      const ended = await until('ended', async () => endedIn(id)[0]);
      expect(ended.failed).toMatchObject({ serviceId: id, exitCode: 7, healthy: false });
      const { failed } = await when(id, 'to have failed', (service) => service.failed.length > 0);
      expect(failed.length).toBeLessThanOrEqual(10);
      expect(failed[0]).toMatchObject({ exitCode: 7, healthy: false });
      const again = await when(id, 'to have failed twice', (service) => service.failed.length > 1);
      expect(again.failed.map(({ exitCode }) => exitCode)).toEqual(again.failed.map(() => 7));
    });

    test('a service whose deployment never ends can be scaled and its instances killed by force', async () => {
      const id = await start('sleep 600');
      const { active } = await running(id, 1);
      await scheduler.scale(id, 2, { force: true });
      await running(id, 2);
      const [first] = active;
      if (first === undefined) throw new Error('no instance to kill');
      expect(await scheduler.kill(first, { force: true })).toEqual({ killed: true });
      expect(await scheduler.get(id)).toMatchObject({ requested: 1 });
      await when(
        id,
        'to run one other',
        (service) => service.active.length === 1 && service.active[0]?.id !== first.id,
      );
    });

    test('forced scaling does not take away what runs', async () => {
      const id = await start(harness.serveCommand, 2);
      await running(id, 2);
      await scheduler.scale(id, 1, { force: true });
      expect(await scheduler.get(id)).toMatchObject({ requested: 2 });
    });

    test('delete ends the service and all its instances; it can be created again', async () => {
      const id = await start(harness.serveCommand, 2);
      const { active } = await running(id, 2);
      expect(await scheduler.delete(id)).toBe('deleted');
      await until('the service to be gone', async () => (await scheduler.get(id)) === null);
      expect((await scheduler.list()).some((each) => each.id === id)).toBe(false);
      for (const { host, port } of active)
        await until('the end of an instance', async () => !(await ask(host, port).catch(() => null)));
      expect(await scheduler.delete(id)).toBe('no-such-service');
      await until('it to be created again', async () =>
        scheduler.create(harness.spec(id, harness.serveCommand, 1)).catch(() => false),
      );
      await running(id, 1);
    });

    test('an unreachable scheduler is a transient error', async () => {
      await harness.interrupt(async () => {
        await expect(scheduler.list()).rejects.toMatchObject({ transient: true });
      });
      await scheduler.list();
    });

    test('events go on after an interruption, and what was missed is announced', async () => {
      const before = await start();
      await running(before, 1);
      await harness.interrupt(async () => void events.splice(0));
      await until('changed', async () =>
        events.some((event) => event.type === 'changed' && event.serviceId === null),
      );
      // It fails again and again: one of its ends is told by the new stream, whenever that is there.
      const after = await start('exit 7');
      await until('an event of the new stream', async () => endedIn(after).length > 0);
      expect((await scheduler.list()).map(({ id }) => id)).toEqual(expect.arrayContaining([before, after]));
    });
  });
}

/** Polls until the probe gives something; a probe that throws has not. */
async function until<T>(what: string, probe: () => Promise<T | null | undefined | false>): Promise<T> {
  const deadline = performance.now() + DEADLINE_MS;
  let last: unknown;
  for (;;) {
    try {
      const value = await probe();
      if (value) return value;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline)
      throw new Error(`waited ${DEADLINE_MS} ms for ${what}`, { cause: last });
    await pause(25);
  }
}

async function ask(host: string, port: number): Promise<unknown> {
  const answer = await fetch(`http://${host}:${port}/`, { signal: AbortSignal.timeout(2000) });
  return answer.json();
}
