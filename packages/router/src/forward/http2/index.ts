export { Http2Lane, type Http2LaneOptions } from './lane';
export { SessionPool } from './session-pool';
export type { StreamExchange } from './stream-exchange';
