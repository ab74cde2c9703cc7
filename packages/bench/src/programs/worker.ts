/** `node worker.js <JSON of router options> [<count>]`: router workers without a control process. With one, it is this process. */
import cluster from 'node:cluster';
import { setTimeout } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { routerOptions, startRouterWorker, type RouterOptions } from '@waiter/router';

type Given = Parameters<typeof routerOptions>[0] & Partial<RouterOptions>;

const options = routerOptions(JSON.parse(process.argv[2] ?? '') as Given);
const count = Number(process.argv[3] ?? 1);

async function work(number: number): Promise<void> {
  const worker = await startRouterWorker(options, { workerId: `${options.routerId}/${number}` });
  process.stdout.write(`listening on ${worker.port}\n`);
  // So that a profile is written (--cpu-prof).
  process.on('SIGTERM', () => void worker.close().then(() => process.exit(0)));
}

/** Tells, after a full collection, what is really in use. */
async function reportMemory(): Promise<void> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  // What has a finaliser goes with the second.
  for (let i = 0; i < 3; i += 1) {
    collect();
    await setTimeout(100);
  }
  process.stdout.write(`memory ${JSON.stringify(process.memoryUsage())}\n`);
}

if (cluster.isPrimary && count > 1) {
  for (let i = 0; i < count; i += 1) cluster.fork();
  process.on('SIGTERM', () => {
    for (const worker of Object.values(cluster.workers ?? {})) worker?.kill();
    cluster.disconnect(() => process.exit(0));
  });
} else {
  process.on('SIGUSR2', () => void reportMemory());
  void work(cluster.worker?.id ?? 1);
}
