import { rawRequest, startRedis, waitFor } from '@waiter/testkit';
import fc from 'fast-check';
import { conversation } from '../../testing/conversations';
import { TwoLanes } from '../../testing/two-lanes';

/** Generated conversations through the http1 lane and through the general one, which is the oracle. */
let lanes: TwoLanes;
beforeAll(async () => {
  lanes = await TwoLanes.start({ redis: await startRedis(), rawRequest, waitFor });
});
afterAll(() => lanes.close());

const RUNS = 120;

test('generated conversations look the same to client and instance', async () => {
  await fc.assert(
    fc.asyncProperty(conversation, async ({ replies, ...said }) => {
      lanes.backend.replies = replies;
      const { lane, general } = await lanes.both(said);
      expect(lane).toEqual(general);
      expect(lane.replies.length).toBeGreaterThan(said.warm ?? 0);
    }),
    { numRuns: RUNS },
  );
}, 120_000);
