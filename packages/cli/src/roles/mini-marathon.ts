import type { CompiledConfig } from '@waiter/config';
import { startMiniMarathon } from '@waiter/mini-marathon';
import { createLogger, gracefulShutdown } from '@waiter/observability';
import { announceReady } from './ready';

/** Tasks get their own grace period; this only bounds a stop that hangs. */
const STOP_MS = 60_000;

export async function runMiniMarathon(config: CompiledConfig): Promise<void> {
  const { miniMarathon: options } = config;
  const logger = createLogger({ name: 'mini-marathon', ...config.log });
  const server = await startMiniMarathon({
    host: options.host,
    port: options.port,
    dataDir: options.dataDir,
    taskHost: options.taskHost,
    portRange: [options.firstTaskPort, options.lastTaskPort],
    keepSandboxes: options.keepSandboxes,
    keepTasks: options.keepTasks,
    standby: options.standby,
    ...(options.credentials === null ? {} : { credentials: options.credentials }),
    enforceMemory: options.enforceMemory,
    logger,
  });
  gracefulShutdown({
    logger,
    timeoutMs: STOP_MS,
    steps: [{ name: 'stop tasks', run: () => server.close() }],
  });
  logger.info('mini-marathon listens', { url: server.url });
  announceReady('mini-marathon', server.url);
}
