/// <reference types="jest" />
import { setTimeout as pause } from 'node:timers/promises';
import type { Instance, ServiceId, ServiceParameters } from '@waiter/core';
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
  /**
   * A complete spec of a service that runs this command, is checked by `GET /` each second and has 64 MB of memory.
   * @param more parameters that it has as well
   */
  spec(id: ServiceId, command: string, instances: number, more?: ServiceParameters): ServiceSpec;
  /**
   * A command that listens on `$PORT0` and answers every GET with its environment as JSON: with status 200, and with 500 from
   * `GET /fail` on. It must end on SIGTERM.
   */
  readonly serveCommand: string;
  /** A command that takes more memory than the service has. */
  readonly greedyCommand: string;
  /** Another driver of the same scheduler, as of another process. It is closed with the harness. */
  another(): Scheduler;
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

    test('an instance has as many ports as its service, all different', async () => {
      const id = await start(harness.serveCommand, 2, { ports: 3 });
      const { active } = await running(id, 2);
      const ports = active.flatMap(({ port, extraPorts }) => [port, ...extraPorts]);
      expect(active.map(({ extraPorts }) => extraPorts.length)).toEqual([2, 2]);
      expect(new Set(ports).size).toBe(6);
      const [first] = active;
      const environment = await until('an answer', async () => ask(first?.host ?? '', first?.port ?? 0));
      const [zero, one, two] = first === undefined ? [] : [first.port, ...first.extraPorts].map(String);
      expect(environment).toMatchObject({ PORT0: zero, PORT1: one, PORT2: two });
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

    test('an instance that fails its health checks is told and shown as such', async () => {
      const id = await start(harness.serveCommand, 1, { 'health-check-max-consecutive-failures': 30 });
      const [instance] = (await healthy(id, 1)).active;
      if (instance === undefined) throw new Error('no instance');
      await fetch(`http://${instance.host}:${instance.port}/fail`);
      await until('the event', async () =>
        events.some((event) => event.type === 'health' && event.instanceId === instance.id && !event.healthy),
      );
      const { active } = await healthy(id, 0);
      expect(active.map((each) => each.id)).toEqual([instance.id]);
    });

    test('an instance that never passes is given up after its grace period, and replaced', async () => {
      const checks = { 'grace-period-secs': 1, 'health-check-max-consecutive-failures': 1 };
      const id = await start('exec sleep 600', 1, checks);
      const ended = await until('ended', async () => endedIn(id)[0]);
      expect(ended.failed).toMatchObject({ flags: ['never-passed-health-checks'], exitCode: null });
      const after = await when(
        id,
        'to run another one',
        ({ active, failed }) => failed.length > 0 && active.some((each) => each.id !== ended.instanceId),
      );
      expect(after.failed[0]).toMatchObject({ id: ended.instanceId, flags: ['never-passed-health-checks'] });
      expect(after.requested).toBe(1);
    });

    test('an instance that takes more memory than it has is ended, with the flag', async () => {
      const id = await start(harness.greedyCommand);
      const ended = await until('ended', async () => endedIn(id)[0]);
      expect(ended.failed).toMatchObject({ flags: ['memory-limit-exceeded'], healthy: false });
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

    test('killing twice lowers the count once; several kills lower it by as many', async () => {
      const id = await start(harness.serveCommand, 4);
      const [first, second, third] = (await healthy(id, 4)).active;
      if (first === undefined || second === undefined || third === undefined) throw new Error('too few');
      await killed(first);
      await scheduler.kill(first);
      expect(await scheduler.get(id)).toMatchObject({ requested: 3 });
      await Promise.all([killed(second), killed(third)]);
      expect(await scheduler.get(id)).toMatchObject({ requested: 1 });
      expect((await running(id, 1)).failed).toEqual([]);
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

    test('a command that is not there fails with 127, one that only ends with 0; each is tried again', async () => {
      for (const [command, exitCode] of [
        ['exec /no/such/program', 127],
        ['true', 0],
      ] as const) {
        const id = await start(command);
        const [one, other] = await until('two ends', async () => {
          const ends = endedIn(id);
          return ends.length > 1 && ends;
        });
        expect([one?.failed?.exitCode, other?.failed?.exitCode]).toEqual([exitCode, exitCode]);
        expect(one?.instanceId).not.toBe(other?.instanceId);
        expect(await scheduler.get(id)).toMatchObject({ requested: 1 });
      }
    });

    test('another driver of the same scheduler sees the same, failures included', async () => {
      const id = await start('exit 7');
      await until('ended', async () => endedIn(id)[0]);
      const other = harness.another();
      const service = await until('the failure', async () => {
        const seen = await other.get(id);
        return seen !== null && seen.failed.length > 0 && seen;
      });
      expect(service.failed[0]).toMatchObject({ exitCode: 7 });
      expect(service.description).toEqual(harness.spec(id, 'exit 7', 1).description);
      expect((await other.list()).map((each) => each.id)).toContain(id);
      // Whoever kills: that the instance ends is no failure.
      const served = await start();
      const [victim] = (await healthy(served, 1)).active;
      if (victim === undefined) throw new Error('no instance');
      await until('the kill', async () => (await other.kill(victim)).killed);
      await until('ended', async () => endedIn(served)[0]);
      expect(endedIn(served)).toMatchObject([{ instanceId: victim.id, failed: null }]);
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
      await until('both ends', async () => endedIn(id).length === 2);
      expect(endedIn(id).map(({ failed }) => failed)).toEqual([null, null]);
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

    test('each start is told once, and before the end', async () => {
      const id = await start(harness.serveCommand, 3);
      await healthy(id, 3);
      await scheduler.list();
      await scheduler.delete(id);
      await until('the ends', async () => endedIn(id).length === 3);
      const story = events.flatMap((event) => {
        if (event.type === 'started' && event.instance.serviceId === id) return [event.instance.id];
        return event.type === 'ended' && event.serviceId === id ? [`${event.instanceId} ended`] : [];
      });
      for (const { id: instanceId } of startedIn(id)) {
        expect(story.filter((each) => each.startsWith(instanceId))).toEqual([
          instanceId,
          `${instanceId} ended`,
        ]);
      }
      expect(story).toHaveLength(6);
    });

    test('a listener that throws does not keep others from their events', async () => {
      const other = harness.another();
      const heard: SchedulerEvent[] = [];
      other.subscribe(() => {
        throw new Error('mine');
      });
      other.subscribe((event) => heard.push(event));
      await until('changed', async () => heard.length > 0);
      const id = await start();
      await until('started', async () =>
        heard.some((event) => event.type === 'started' && event.instance.serviceId === id),
      );
    });

    test('what the leader does beside scaling changes nothing that is in order', async () => {
      const id = await start(harness.serveCommand, 2);
      const before = await healthy(id, 2);
      await scheduler.maintain?.();
      await scheduler.maintain?.();
      scheduler.rest?.();
      expect(await scheduler.get(id)).toMatchObject({ requested: 2, active: before.active });
      const { effective } = harness.spec(id, harness.serveCommand, 1);
      expect(scheduler.isHidden?.(effective) ?? false).toBe(false);
      // The other tests count on it.
      expect(scheduler.checksHealth?.(effective) ?? true).toBe(true);
    });

    test('after its end a driver tells nothing, and calls reject', async () => {
      const other = harness.another();
      const heard: SchedulerEvent[] = [];
      other.subscribe((event) => heard.push(event));
      await until('changed', async () => heard.length > 0);
      await other.close();
      const { length } = heard;
      const id = await start();
      await until('started', async () => startedIn(id)[0]);
      expect(heard).toHaveLength(length);
      await expect(other.list()).rejects.toBeInstanceOf(SchedulerError);
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
