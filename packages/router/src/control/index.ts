export { startRouterNode, type RouterNode, type RouterNodeOptions } from './router-node';
export { runRouterWorkerProcess } from './worker-process';
export { ResponseStatsd } from './response-statsd';
