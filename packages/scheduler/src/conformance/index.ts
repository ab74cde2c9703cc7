/// <reference types="jest" />
import { createBench, type Bench, type SchedulerPromise } from './bench';
import { CONNECTION } from './connection';
import { COUNTS } from './counts';
import { CREATION } from './creation';
import { FAILURES } from './failures';
import type { SchedulerHarness } from './harness';
import { INSTANCES } from './instances';

export type { SchedulerHarness } from './harness';

/** Everything that the port promises. */
export const PROMISES: readonly SchedulerPromise[] = [
  ...CREATION,
  ...INSTANCES,
  ...COUNTS,
  ...FAILURES,
  ...CONNECTION,
];

/** Declares a jest test of each promise; every driver passes them (not part of the runtime export). */
export function describeScheduler(name: string, makeHarness: () => Promise<SchedulerHarness>): void {
  describe(`scheduler conformance: ${name}`, () => {
    let bench: Bench;
    beforeAll(async () => {
      bench = createBench(await makeHarness());
    });
    afterEach(async () => bench.clear());
    afterAll(async () => bench.harness.close());

    test.each(PROMISES.map((one) => [one.promise, one] as const))('%s', async (_promise, one) => {
      await one.holds(bench);
    });
  });
}
