/// <reference types="jest" />
import type { SchedulerPromise } from './bench';
import { until } from './until';

/** Instances that end without being asked to. */
export const FAILURES: readonly SchedulerPromise[] = [
  {
    promise: 'an instance that never passes is given up after its grace period, and replaced',
    holds: async ({ start, when, endedIn }) => {
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
    },
  },
  {
    promise: 'an instance that takes more memory than it has is ended, with the flag',
    holds: async ({ harness, start, endedIn }) => {
      const id = await start(harness.greedyCommand);
      const ended = await until('ended', async () => endedIn(id)[0]);
      expect(ended.failed).toMatchObject({ flags: ['memory-limit-exceeded'], healthy: false });
    },
  },
  {
    promise: 'a command that fails is told with its exit code, and shown as failed',
    holds: async ({ start, when, endedIn }) => {
      const id = await start('exit 7');
      const ended = await until('ended', async () => endedIn(id)[0]);
      expect(ended.failed).toMatchObject({ serviceId: id, exitCode: 7, healthy: false });
      const { failed } = await when(id, 'to have failed', (service) => service.failed.length > 0);
      expect(failed.length).toBeLessThanOrEqual(10);
      expect(failed[0]).toMatchObject({ exitCode: 7, healthy: false });
      const again = await when(id, 'to have failed twice', (service) => service.failed.length > 1);
      expect(again.failed.map(({ exitCode }) => exitCode)).toEqual(again.failed.map(() => 7));
    },
  },
  {
    promise: 'a command that is not there fails with 127, one that only ends with 0; each is tried again',
    holds: async ({ scheduler, start, endedIn }) => {
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
    },
  },
];
