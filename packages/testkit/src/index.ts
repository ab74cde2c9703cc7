export { freePort } from './free-port';
export { waitFor, sleep, type WaitOptions } from './wait-for';
export { temporaryDirectory, type TemporaryDirectory } from './temporary-directory';
export { startProcess, type ProcessOptions, type ProcessExit, type RunningProcess } from './running-process';
export { startRedis, type RedisOptions, type RedisServer } from './redis-server';
export { startFaultProxy, type FaultProxy, type FaultProxyOptions } from './fault-proxy';
export { publishedInstances, type InstanceState, type PublishedInstanceOptions } from './published-instances';
export { rawRequest, type RawRequestOptions, type RawResponse } from './raw-request';
export { descendants, assertNoDescendants, processesWith, type ProcessEntry } from './process-tree';
