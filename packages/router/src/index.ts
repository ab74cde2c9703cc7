export {
  DEFAULT_ROUTER_LIMITS,
  DEFAULT_ROUTER_TIMEOUTS,
  DEFAULT_WEBSOCKET_LIMITS,
  productName,
  routerOptions,
  type RouterLimits,
  type RouterOptions,
  type RouterTimeouts,
  type WebSocketLimits,
} from './options';
export { servicePassword } from './forward';
export { startRouterWorker, type RouterWorker, type WorkerEnvironment } from './worker';
export {
  ResponseStatsd,
  runRouterWorkerProcess,
  startRouterNode,
  type RouterNode,
  type RouterNodeOptions,
} from './control';
