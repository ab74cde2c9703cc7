import type { Socket } from 'node:net';
import type { FastLane } from '../../accept';
import { ClientConnection, type ConnectionHome } from './client-connection';
import { HeadScanner } from './head-scanner';
import type { LaneParts, SharedParts } from './lane-parts';
import { UpstreamPool } from './upstream-pool';

/** How exact the timeouts of requests are. */
const WATCH_MS = 25;
/** How often idle connections are looked at. */
const IDLE_CHECK_MS = 500;

/**
 * The http1 lane: plain HTTP/1.1 requests on bare sockets, without streams, closures or promises per request
 * (DESIGN section 6). Everything else is handed over to the general lane at the boundary of a request, or refused.
 */
export class Http1Lane implements FastLane, ConnectionHome {
  readonly parts: LaneParts;
  draining = false;
  private readonly connections = new Set<ClientConnection>();
  /** Those with a request under way. */
  private readonly watched = new Set<ClientConnection>();
  private readonly timers: readonly NodeJS.Timeout[];

  constructor(
    shared: SharedParts,
    /** Serves a connection from its next request on. */
    private readonly general: (socket: Socket, bytes: Buffer) => void,
  ) {
    const { limits, timeouts } = shared.options;
    this.parts = {
      ...shared,
      scanner: new HeadScanner(limits.requestHeadBytes),
      pool: new UpstreamPool(limits.responseHeadBytes, timeouts.instanceIdleTimeoutMs, shared.onFault),
      clientIdleSeconds: promisedSeconds(timeouts.clientIdleTimeoutMs),
    };
    // One timer for all connections: a request costs a time stamp, not a timer.
    this.timers = [
      setInterval(() => this.check(this.watched), WATCH_MS).unref(),
      setInterval(() => {
        this.check(this.connections);
        this.parts.pool.sweep(performance.now());
      }, IDLE_CHECK_MS).unref(),
    ];
  }

  connect(socket: Socket): void {
    this.connections.add(new ClientConnection(socket, this));
  }

  handOver(connection: ClientConnection, bytes: Buffer): void {
    this.closed(connection);
    this.general(connection.socket, bytes);
  }

  watch(connection: ClientConnection, closely: boolean): void {
    if (closely) this.watched.add(connection);
    else this.watched.delete(connection);
  }

  closed(connection: ClientConnection): void {
    this.connections.delete(connection);
    this.watched.delete(connection);
  }

  private check(connections: ReadonlySet<ClientConnection>): void {
    const now = performance.now();
    for (const connection of connections) connection.check(now);
  }

  drain(): void {
    this.draining = true;
    for (const connection of this.connections) connection.drain();
  }

  destroy(): void {
    for (const connection of this.connections) connection.destroy();
  }

  /** To be called when no request is under way any more. */
  close(): void {
    for (const timer of this.timers) clearInterval(timer);
    this.parts.pool.destroy();
  }
}

/**
 * How long clients are told that an idle connection is kept: a second less than it is, so that a request that was sent in the
 * last moment does not cross with the end of the connection.
 */
function promisedSeconds(idleMs: number): number {
  return Math.max(1, Math.floor(idleMs / 1_000) - 1);
}
