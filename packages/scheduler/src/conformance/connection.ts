/// <reference types="jest" />
import { SchedulerError, type SchedulerEvent } from '../port';
import type { SchedulerPromise } from './bench';
import { until } from './until';

/** Listeners, interruptions and the end of a driver. */
export const CONNECTION: readonly SchedulerPromise[] = [
  {
    promise: 'a listener that throws does not keep others from their events',
    holds: async ({ harness, start }) => {
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
    },
  },
  {
    promise: 'after its end a driver tells nothing, and calls reject',
    holds: async ({ harness, start, startedIn }) => {
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
    },
  },
  {
    promise: 'an unreachable scheduler is a transient error',
    holds: async ({ harness, scheduler }) => {
      await harness.interrupt(async () => {
        await expect(scheduler.list()).rejects.toMatchObject({ transient: true });
      });
      await scheduler.list();
    },
  },
  {
    promise: 'events go on after an interruption, and what was missed is announced',
    holds: async ({ harness, scheduler, events, start, running, endedIn }) => {
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
    },
  },
];
