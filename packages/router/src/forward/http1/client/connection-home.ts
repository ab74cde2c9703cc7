import type { Duplex } from 'node:stream';
import type { LaneParts } from '../lane-parts';
import type { ClientConnection } from './client-connection';

/** What a connection asks of its lane. */
export interface ConnectionHome {
  readonly parts: LaneParts;
  readonly draining: boolean;
  /** Monotonic milliseconds; Infinity: it does not drain. */
  readonly drainingSince: number;
  /** Another server serves the connection, beginning with `bytes`. */
  handOver(connection: ClientConnection, socket: Duplex, bytes: Buffer): void;
  /** `check` is to be called often, until the connection is idle. */
  watch(connection: ClientConnection): void;
  closed(connection: ClientConnection): void;
}
