import type { CompiledConfig } from '@waiter/config';
import { createLogger, gracefulShutdown } from '@waiter/observability';
import type { Flags } from '../commands/configuration';
import { UsageError } from '../usage-error';
import { LocalCluster } from './local-cluster';

/** Flags of `up` that are no configuration options; camelCase as commander gives them. */
export const UP_FLAGS = ['routers', 'scalers', 'redis', 'marathon'];

/** What suits one machine better than the defaults of a fleet; all can be overridden. */
export const UP_DEFAULTS: Flags = { 'log-format': 'text' };

const STOP_MS = 120_000;

function count(flags: Flags, name: string): number {
  const value = Number(flags[name]);
  if (!Number.isInteger(value) || value < 1 || value > 32) {
    throw new UsageError(`--${name} must be a whole number from 1 to 32, not "${String(flags[name])}"`);
  }
  return value;
}

const url = (flags: Flags, name: string): string | null =>
  typeof flags[name] === 'string' ? flags[name] : null;

/** Runs a cluster until Ctrl-C, SIGTERM, or the end of one of its processes. */
export async function runUp(config: CompiledConfig, flags: Flags): Promise<void> {
  const logger = createLogger({ name: 'up', ...config.log });
  const started: { cluster?: Promise<LocalCluster> } = {};
  const shutdown = gracefulShutdown({
    logger,
    timeoutMs: STOP_MS,
    steps: [
      {
        name: 'cluster',
        // One that is still starting is stopped once it has started.
        run: async () => (await started.cluster?.catch(() => undefined))?.stop(),
      },
    ],
  });
  started.cluster = LocalCluster.start(
    {
      config,
      routers: count(flags, 'routers'),
      scalers: count(flags, 'scalers'),
      redisUrl: url(flags, 'redis'),
      marathonUrl: url(flags, 'marathon'),
    },
    (text) => process.stdout.write(`  ${text}\n`),
  );
  const cluster = await started.cluster;
  const [router] = cluster.routerUrls;
  process.stdout.write(
    [
      `Waiter is up. Data and logs: ${cluster.dataDir}`,
      `  register a service:  curl -X POST ${router}/token -d '{"token":"files","cmd":"python3 -m http.server $PORT0",` +
        `"health-check-url":"/","cpus":0.1,"mem":128,"version":"1","run-as-user":"${config.router.user}"}'`,
      `  use it:              curl -H 'Host: files' ${router}/`,
      'Ctrl-C stops it and all it started.',
      '',
    ].join('\n'),
  );
  const ended = await cluster.firstExit();
  logger.error('a process of the cluster ended by itself: stopping the others', { process: ended });
  await shutdown.begin(`${ended} ended`);
}
