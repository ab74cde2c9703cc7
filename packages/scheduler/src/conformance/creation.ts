/// <reference types="jest" />
import { SchedulerError } from '../port';
import type { SchedulerPromise } from './bench';
import { ask, until } from './until';

/** What is made, found, described and taken away. */
export const CREATION: readonly SchedulerPromise[] = [
  {
    promise: 'announces once it is connected that anything may have changed',
    holds: async ({ events }) => {
      await until('changed', async () =>
        events.some((event) => event.type === 'changed' && event.serviceId === null),
      );
    },
  },
  {
    promise: 'create is idempotent: the second says false and changes nothing',
    holds: async ({ harness, scheduler, start }) => {
      const id = await start(harness.serveCommand, 2);
      expect(await scheduler.create(harness.spec(id, harness.serveCommand, 5))).toBe(false);
      expect(await scheduler.get(id)).toMatchObject({ requested: 2 });
    },
  },
  {
    promise: 'of creates at the same time exactly one says true',
    holds: async ({ harness, scheduler, created }) => {
      const id = harness.newServiceId();
      created.push(id);
      const spec = harness.spec(id, harness.serveCommand, 1);
      const results = await Promise.all([1, 2, 3, 4].map(() => scheduler.create(spec)));
      expect(results.filter(Boolean)).toHaveLength(1);
    },
  },
  {
    promise: 'get and list show the service with its description, counts and instances',
    holds: async ({ harness, scheduler, start, running }) => {
      const id = await start();
      const service = await running(id, 1);
      const spec = harness.spec(id, harness.serveCommand, 1);
      expect(service).toMatchObject({ id, requested: 1, scheduled: 1, failed: [], deploymentError: null });
      expect(service.description).toEqual(spec.description);
      expect(service.active[0]).toMatchObject({ serviceId: id, exitCode: null, host: expect.any(String) });
      expect(service.active[0]?.id.startsWith(`${id}.`)).toBe(true);
      expect((await scheduler.list()).find((each) => each.id === id)).toMatchObject({ id, requested: 1 });
    },
  },
  {
    promise: 'a description of any size and any characters comes back as it was',
    holds: async ({ harness, scheduler, created }) => {
      const id = harness.newServiceId();
      created.push(id);
      const spec = harness.spec(id, harness.serveCommand, 1);
      const description = { ...spec.description, env: { TEXT: 'ünïcode "quotes" \\ \n'.repeat(300) } };
      expect(await scheduler.create({ ...spec, description })).toBe(true);
      expect((await scheduler.get(id))?.description).toEqual(description);
    },
  },
  {
    promise: 'what is not known is null, and cannot be scaled',
    holds: async ({ harness, scheduler }) => {
      const id = harness.newServiceId();
      expect(await scheduler.get(id)).toBeNull();
      expect((await scheduler.list()).some((each) => each.id === id)).toBe(false);
      await expect(scheduler.scale(id, 2)).rejects.toMatchObject({ status: 404, transient: false });
      await expect(scheduler.scale(id, 2, { force: true })).rejects.toBeInstanceOf(SchedulerError);
    },
  },
  {
    promise: 'another driver of the same scheduler sees the same, failures included',
    holds: async ({ harness, start, healthy, endedIn }) => {
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
    },
  },
  {
    promise: 'delete ends the service and all its instances; it can be created again',
    holds: async ({ harness, scheduler, start, running, endedIn }) => {
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
    },
  },
];
