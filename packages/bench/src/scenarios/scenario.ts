import type { PeerName } from '../peers';
import type { LoadResult } from '../load/load';
import type { InstanceKind } from '../stage/instances';

/** What a contender is to be compared by. */
export type Figure =
  /** Requests per second of the router, divided by the peer's. */
  'rate';

export interface Target {
  readonly peer: PeerName;
  readonly figure: Figure;
  readonly atLeast: number;
}

/** Where and how long one run of load goes. */
export interface RunOptions {
  /** Of a contender: `http://127.0.0.1:<port>`. */
  readonly url: string;
  readonly seconds: number;
  readonly connections: number;
  readonly core: number | null;
}

/**
 * One kind of traffic. What speaks another protocol than wrk (WebSocket, gRPC) brings its own `load`, and peers that can do it.
 */
export interface Scenario {
  readonly what: string;
  readonly instance: InstanceKind;
  readonly peers: readonly PeerName[];
  readonly connections: number;
  /** Kept-alive connections that do nothing, beside the load. */
  readonly idle?: number;
  load(options: RunOptions): Promise<LoadResult>;
  readonly targets: readonly Target[];
}
