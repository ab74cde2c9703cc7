/** `node worker.js <JSON of router options>`: one router worker without a control process. */
import { routerOptions, startRouterWorker, type RouterOptions } from '@waiter/router';

type Given = Parameters<typeof routerOptions>[0] & Partial<RouterOptions>;

async function main(): Promise<void> {
  const worker = await startRouterWorker(routerOptions(JSON.parse(process.argv[2] ?? '') as Given));
  process.stdout.write(`listening on ${worker.port}\n`);
  // So that a profile is written (--cpu-prof).
  process.on('SIGTERM', () => void worker.close().then(() => process.exit(0)));
}

void main();
