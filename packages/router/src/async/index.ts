export { AsyncEndpoints } from './async-endpoints';
export { AsyncRequests, type AsyncEvent } from './async-requests';
export { AsyncUrls } from './async-url';
export { asyncHoldMs } from './monitor';
export { InstanceLook } from './instance-look';
export { releaseSlot, relocated } from './reply-location';
