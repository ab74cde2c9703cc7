import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { promisedSeconds, type FastLane } from '../../accept';
import { WarmAdmissions } from './admission/warm-admissions';
import { ClientConnection } from './client/client-connection';
import type { ConnectionHome } from './client/connection-home';
import { LaneClock } from './clock';
import { connectionTexts } from './head-text';
import type { LaneParts, SharedParts } from './lane-parts';
import { HeadScanner } from './message/head-scanner';
import { ClientBuffers } from './sockets/client-buffers';
import { Outbox } from './sockets/outbox';
import { UpstreamPool } from './upstream/upstream-pool';

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
  drainingSince = Infinity;
  private readonly connections = new Set<ClientConnection>();
  /** Those with a request under way. */
  private readonly watched = new Set<ClientConnection>();
  private readonly timers: readonly NodeJS.Timeout[];

  constructor(
    shared: SharedParts,
    /** Serves a connection from its next request on. */
    private readonly general: (socket: Duplex, bytes: Buffer) => void,
  ) {
    const { limits, timeouts, lanes } = shared.options;
    const reuses = lanes?.readBuffers ?? true;
    const clock = new LaneClock();
    const outbox = new Outbox();
    this.parts = {
      ...shared,
      clock,
      outbox,
      warm: new WarmAdmissions(shared),
      scanner: new HeadScanner(limits.requestHeadBytes, limits.requestHeaderCount),
      pool: new UpstreamPool({
        clock,
        outbox,
        responseHeadBytes: limits.responseHeadBytes,
        idleMs: timeouts.instanceIdleTimeoutMs,
        reusesBuffers: reuses,
        onFault: shared.onFault,
      }),
      buffers: reuses ? new ClientBuffers() : null,
      connectionTexts: connectionTexts(promisedSeconds(timeouts.clientIdleTimeoutMs)),
    };
    // One timer for all connections: a request costs a time stamp, not a timer.
    this.timers = [
      setInterval(() => this.checkWatched(), WATCH_MS).unref(),
      setInterval(() => this.checkAll(), IDLE_CHECK_MS).unref(),
    ];
  }

  get draining(): boolean {
    return this.drainingSince < Infinity;
  }

  connect(socket: Socket): void {
    this.connections.add(new ClientConnection(socket, this));
  }

  handOver(connection: ClientConnection, socket: Duplex, bytes: Buffer): void {
    if (socket === connection.wire.socket) this.closed(connection);
    this.general(socket, bytes);
  }

  watch(connection: ClientConnection): void {
    if (connection.watched) return;
    connection.watched = true;
    this.watched.add(connection);
  }

  closed(connection: ClientConnection): void {
    this.connections.delete(connection);
    this.watched.delete(connection);
  }

  /** Idle connections leave the set here, so that a request need not put them in and out. */
  private checkWatched(): void {
    const now = this.parts.clock.tick();
    for (const connection of this.watched) {
      connection.check(now);
      if (!connection.idle) continue;
      connection.watched = false;
      this.watched.delete(connection);
    }
  }

  private checkAll(): void {
    const now = this.parts.clock.tick();
    for (const connection of this.connections) connection.check(now);
    this.parts.pool.sweep(now);
  }

  /** Something changed that admission depends on. */
  forgetAdmissions(): void {
    this.parts.warm.forget();
  }

  drain(): void {
    this.drainingSince = this.parts.clock.tick();
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
