import { createHook } from 'node:async_hooks';
import { startRedis, waitFor, type RedisServer } from '@waiter/testkit';
import { Queues } from './queues';

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

/** The timers that BullMQ has set and that keep the process alive. */
function watchTimers(): { readonly live: () => number; readonly stop: () => void } {
  const timers = new Map<number, NodeJS.Timeout>();
  const hook = createHook({
    init(id, type, _trigger, timer) {
      const ofBullmq = type === 'Timeout' && new Error().stack?.includes('/bullmq/') === true;
      if (ofBullmq) timers.set(id, timer as NodeJS.Timeout);
    },
    destroy: (id) => void timers.delete(id),
  });
  hook.enable();
  return {
    live: () => [...timers.values()].filter((timer) => timer.hasRef()).length,
    stop: () => void hook.disable(),
  };
}

test('a worker whose job does not end is given up at the close, and nothing keeps the process alive', async () => {
  const timers = watchTimers();
  const queues = new Queues({ url: redis.url, cluster: 'test' });
  let taken = false;
  queues.worker('maintenance', async () => {
    taken = true;
    await new Promise(() => undefined);
  });
  await queues.queue('maintenance').add('stuck', {});
  await waitFor('the job at work', () => taken);
  await waitFor('the renewal of its lock', () => timers.live() > 0);

  await queues.close();
  await waitFor('no timer', () => timers.live() === 0);
  timers.stop();
});
