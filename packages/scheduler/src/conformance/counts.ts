/// <reference types="jest" />
import type { SchedulerPromise } from './bench';
import { until } from './until';

/** Requested counts and chosen ends. */
export const COUNTS: readonly SchedulerPromise[] = [
  {
    promise: 'scaling up changes the requested count at once, instances follow',
    holds: async ({ scheduler, start, running, startedIn }) => {
      const id = await start();
      await running(id, 1);
      await scheduler.scale(id, 3);
      expect(await scheduler.get(id)).toMatchObject({ requested: 3 });
      const { active } = await running(id, 3);
      expect(new Set(active.map(({ host, port }) => `${host}:${port}`)).size).toBe(3);
      await until('three starts', async () => new Set(startedIn(id).map((each) => each.id)).size === 3);
    },
  },
  {
    promise: 'kill ends the chosen instance and lowers the requested count; the others stay',
    holds: async ({ harness, scheduler, start, when, running, endedIn }) => {
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
    },
  },
  {
    promise: 'killing twice lowers the count once; several kills lower it by as many',
    holds: async ({ harness, scheduler, start, running, healthy, killed }) => {
      const id = await start(harness.serveCommand, 4);
      const [first, second, third] = (await healthy(id, 4)).active;
      if (first === undefined || second === undefined || third === undefined) throw new Error('too few');
      await killed(first);
      await scheduler.kill(first);
      expect(await scheduler.get(id)).toMatchObject({ requested: 3 });
      await Promise.all([killed(second), killed(third)]);
      expect(await scheduler.get(id)).toMatchObject({ requested: 1 });
      expect((await running(id, 1)).failed).toEqual([]);
    },
  },
  {
    promise: 'kill of what does not exist says so and changes nothing',
    holds: async ({ harness, scheduler, start, running }) => {
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
    },
  },
  {
    promise: 'a service whose deployment never ends can be scaled and its instances killed by force',
    holds: async ({ scheduler, start, when, running }) => {
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
    },
  },
  {
    promise: 'forced scaling does not take away what runs',
    holds: async ({ harness, scheduler, start, running }) => {
      const id = await start(harness.serveCommand, 2);
      await running(id, 2);
      await scheduler.scale(id, 1, { force: true });
      expect(await scheduler.get(id)).toMatchObject({ requested: 2 });
    },
  },
  {
    promise: 'what the leader does beside scaling changes nothing that is in order',
    holds: async ({ harness, scheduler, start, healthy }) => {
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
    },
  },
];
