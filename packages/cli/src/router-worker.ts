import { createLogger, type LogFormat, type LogLevel } from '@waiter/observability';
import { runRouterWorkerProcess } from '@waiter/router';

/** Entry of a router's worker process, forked by node:cluster: `router-worker.js <log level> <log format>`. */
const [, , level, format] = process.argv;
runRouterWorkerProcess({
  logger: createLogger({ name: 'router', level: level as LogLevel, format: format as LogFormat }),
});
