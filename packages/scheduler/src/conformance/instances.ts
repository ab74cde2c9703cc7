/// <reference types="jest" />
import type { SchedulerPromise } from './bench';
import { ask, until } from './until';

/** What is told of an instance from its start to its end. */
export const INSTANCES: readonly SchedulerPromise[] = [
  {
    promise: 'tells that an instance has started, with the address it serves at',
    holds: async ({ harness, start, running, startedIn }) => {
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
    },
  },
  {
    promise: 'an instance has as many ports as its service, all different',
    holds: async ({ harness, start, running }) => {
      const id = await start(harness.serveCommand, 2, { ports: 3 });
      const { active } = await running(id, 2);
      const ports = active.flatMap(({ port, extraPorts }) => [port, ...extraPorts]);
      expect(active.map(({ extraPorts }) => extraPorts.length)).toEqual([2, 2]);
      expect(new Set(ports).size).toBe(6);
      const [first] = active;
      const environment = await until('an answer', async () => ask(first?.host ?? '', first?.port ?? 0));
      const [zero, one, two] = first === undefined ? [] : [first.port, ...first.extraPorts].map(String);
      expect(environment).toMatchObject({ PORT0: zero, PORT1: one, PORT2: two });
    },
  },
  {
    promise: 'an instance that passes its health checks becomes healthy',
    holds: async ({ events, start, when }) => {
      const id = await start();
      const { active } = await when(id, 'to be healthy', (service) =>
        service.active.some(({ healthy }) => healthy),
      );
      const instanceId = active[0]?.id;
      await until('health', async () =>
        events.some((event) => event.type === 'health' && event.instanceId === instanceId && event.healthy),
      );
    },
  },
  {
    promise: 'an instance that fails its health checks is told and shown as such',
    holds: async ({ harness, events, start, healthy }) => {
      const id = await start(harness.serveCommand, 1, { 'health-check-max-consecutive-failures': 30 });
      const [instance] = (await healthy(id, 1)).active;
      if (instance === undefined) throw new Error('no instance');
      await fetch(`http://${instance.host}:${instance.port}/fail`);
      await until('the event', async () =>
        events.some((event) => event.type === 'health' && event.instanceId === instance.id && !event.healthy),
      );
      const { active } = await healthy(id, 0);
      expect(active.map((each) => each.id)).toEqual([instance.id]);
    },
  },
  {
    promise: 'each start is told once, and before the end',
    holds: async ({ harness, scheduler, events, start, healthy, startedIn, endedIn }) => {
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
    },
  },
];
