import { sleep, waitFor } from '@waiter/testkit';
import { SERVE, startCluster } from './testing/cluster.int.test';

test.each([
  ['within the lease', 0],
  ['for longer than the lease', 4_000],
])(
  'after a restart of Redis %s scaling goes on by itself, and nothing was stopped',
  async (_case, awayMs) => {
    const cluster = await startCluster({ appendonly: true, args: ['--appendfsync', 'always'] });
    try {
      const scaler = await cluster.scaler({ gcIntervalMs: 200 });
      await waitFor('a leader', () => scaler.leading);
      const id = await cluster.service('restart', SERVE, { 'idle-timeout-mins': 0.05 });
      const worker = await cluster.worker('r1/1');
      await worker.ask(id);
      const before = await cluster.open(id, 1);
      await cluster.redis.kill();
      await sleep(awayMs);
      await cluster.redis.restart();
      await waitFor('a leader again', () => scaler.leading);
      await worker.report(id, 1, 2);
      const after = await cluster.open(id, 3);
      expect(after.instances.map((instance) => instance.id)).toContain(before.instances[0]?.id);
      // Nudges work again too, without the help of a tick.
      const other = await cluster.service('nudged', SERVE);
      const askedAt = performance.now();
      await worker.ask(other);
      await cluster.open(other, 1);
      process.stderr.write(
        `after a restart of Redis: ${Math.round(performance.now() - askedAt)} ms to an open slot\n`,
      );
    } finally {
      await cluster.stop();
    }
  },
);
