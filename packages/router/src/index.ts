export {
  DEFAULT_ROUTER_LIMITS,
  DEFAULT_ROUTER_TIMEOUTS,
  productName,
  routerOptions,
  type RouterLimits,
  type RouterOptions,
  type RouterTimeouts,
} from './options';
export { servicePassword } from './forward';
export { startRouterWorker, type RouterWorker, type WorkerEnvironment } from './worker';
export { runRouterWorkerProcess, startRouterNode, type RouterNode, type RouterNodeOptions } from './control';
