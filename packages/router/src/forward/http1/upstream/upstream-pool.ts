import type { LaneClock } from '../clock';
import { HeadScanner } from '../message/head-scanner';
import { UpstreamConnection, type UpstreamHome } from './upstream-connection';

/** Idle connections per instance that are kept. */
const MAX_IDLE = 1_024;
/** A connection is given up this long before the instance would close it, so that no request meets the end. */
const MARGIN_SECONDS = 1;

export interface UpstreamPoolOptions {
  readonly clock: LaneClock;
  readonly responseHeadBytes: number;
  /** An idle connection is kept for so long, or less where the instance states less. */
  readonly idleMs: number;
  /** False: connections are read by 'data'. */
  readonly reusesBuffers: boolean;
  readonly onFault: (error: unknown) => void;
}

/** Connections to instances; the newest idle one is used first, so that the others can end (RFC 9112 9.3, 9.5). */
export class UpstreamPool implements UpstreamHome {
  readonly scanner: HeadScanner;
  private readonly idle = new Map<string, UpstreamConnection[]>();
  private readonly all = new Set<UpstreamConnection>();

  readonly clock: LaneClock;
  readonly reusesBuffers: boolean;

  constructor(private readonly options: UpstreamPoolOptions) {
    this.clock = options.clock;
    this.reusesBuffers = options.reusesBuffers;
    this.scanner = new HeadScanner(options.responseHeadBytes);
  }

  /** @param fresh a connection that nobody used before */
  take(host: string, port: number, fresh: boolean): UpstreamConnection {
    const key = `${host}:${port}`;
    const free = fresh ? undefined : this.idle.get(key);
    for (let found = free?.pop(); found !== undefined; found = free?.pop()) {
      if (!found.wire.socket.destroyed && found.wire.socket.writable) return found;
    }
    const made = new UpstreamConnection(key, host, port, this);
    this.all.add(made);
    return made;
  }

  free(upstream: UpstreamConnection, idleSeconds: number | null): void {
    const promisedMs = idleSeconds === null ? Infinity : (idleSeconds - MARGIN_SECONDS) * 1_000;
    const idleMs = Math.min(this.options.idleMs, promisedMs);
    let free = this.idle.get(upstream.key);
    if (free === undefined) this.idle.set(upstream.key, (free = []));
    if (idleMs <= 0 || free.length >= MAX_IDLE) {
      upstream.wire.socket.destroy();
      return;
    }
    upstream.idleUntil = this.clock.now + idleMs;
    // It may have been held back for a slow client; while it is idle, its end must be seen.
    if (upstream.wire.socket.isPaused()) upstream.wire.socket.resume();
    free.push(upstream);
  }

  closed(upstream: UpstreamConnection): void {
    this.all.delete(upstream);
    const free = this.idle.get(upstream.key);
    const place = free?.indexOf(upstream) ?? -1;
    if (place >= 0) free?.splice(place, 1);
    if (free?.length === 0) this.idle.delete(upstream.key);
  }

  fault(error: unknown): void {
    this.options.onFault(error);
  }

  /** Ends what was idle for too long. @param now monotonic milliseconds */
  sweep(now: number): void {
    for (const free of this.idle.values()) {
      for (const upstream of free) if (upstream.idleUntil <= now) upstream.wire.socket.destroy();
    }
  }

  destroy(): void {
    for (const upstream of this.all) upstream.wire.socket.destroy();
  }
}
