/** A router node as a process of its own, for tests: `router-node-main <JSON of NodeUnderTest>`. */
import { extname, join } from 'node:path';
import { createLogger } from '@waiter/observability';
import { Queues, Store } from '@waiter/store';
import { startRouterNode } from '../control';
import { routerOptions, type RouterOptions } from '../options';

export interface NodeUnderTest {
  readonly workers: number;
  readonly router: Pick<RouterOptions, 'routerId' | 'redis' | 'user'> & Partial<RouterOptions>;
}

async function main(): Promise<void> {
  const { workers, router } = JSON.parse(process.argv[2] ?? '') as NodeUnderTest;
  const logger = createLogger({ name: 'router', format: 'text' });
  const options = routerOptions({ host: '127.0.0.1', port: 0, ...router });
  const store = await Store.open(options.redis);
  const queues = new Queues(options.redis);
  const node = await startRouterNode({
    router: options,
    workers,
    exec: join(__dirname, `router-worker-main${extname(__filename)}`),
    args: process.argv.slice(3),
    api: (request, response) => {
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify({ url: request.url, headers: request.headers, socket: node.apiSocketPath }),
      );
    },
    store,
    queues,
    logger,
    afterDrain: [
      { name: 'close queues', run: () => queues.close() },
      { name: 'close store', run: () => store.close() },
    ],
  });
  process.stdout.write(`listening on ${node.port}\n`);
}

void main();
