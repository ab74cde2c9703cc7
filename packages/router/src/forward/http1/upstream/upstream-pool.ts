import type { LaneClock } from '../clock';
import { HeadScanner } from '../message/head-scanner';
import type { Outbox } from '../sockets/outbox';
import { UpstreamConnection, type UpstreamHome } from './upstream-connection';

/** Idle connections per instance that are kept. */
const MAX_IDLE = 1_024;
/** A connection is given up this long before the instance would close it, so that no request meets the end. */
const MARGIN_SECONDS = 1;

export interface UpstreamPoolOptions {
  readonly clock: LaneClock;
  readonly outbox: Outbox;
  readonly responseHeadBytes: number;
  /** An idle connection is kept for so long, or less where the instance states less. */
  readonly idleMs: number;
  /** False: connections are read by 'data'. */
  readonly reusesBuffers: boolean;
  readonly onFault: (error: unknown) => void;
}

/** The connections to one address. */
export interface Address {
  readonly host: string;
  readonly port: number;
  /** The newest last. */
  readonly idle: UpstreamConnection[];
  /** Idle ones and others. */
  count: number;
}

/** Connections to instances; the newest idle one is used first, so that the others can end (RFC 9112 9.3, 9.5). */
export class UpstreamPool implements UpstreamHome {
  readonly scanner: HeadScanner;
  readonly clock: LaneClock;
  readonly outbox: Outbox;
  readonly reusesBuffers: boolean;
  /** By port, then in a list: a key of host and port would be made anew with each request. */
  private readonly addresses = new Map<number, Address[]>();
  private readonly all = new Set<UpstreamConnection>();

  constructor(private readonly options: UpstreamPoolOptions) {
    this.clock = options.clock;
    this.outbox = options.outbox;
    this.reusesBuffers = options.reusesBuffers;
    this.scanner = new HeadScanner(options.responseHeadBytes);
  }

  /** @param fresh a connection that nobody used before */
  take(host: string, port: number, fresh: boolean): UpstreamConnection {
    const address = this.addressOf(host, port);
    if (!fresh) {
      for (let found = address.idle.pop(); found !== undefined; found = address.idle.pop()) {
        const { socket } = found.wire;
        if (!socket.destroyed && socket.writable) return found;
      }
    }
    const made = new UpstreamConnection(address, this);
    address.count += 1;
    this.all.add(made);
    return made;
  }

  private addressOf(host: string, port: number): Address {
    let list = this.addresses.get(port);
    if (list === undefined) this.addresses.set(port, (list = []));
    for (const address of list) if (address.host === host) return address;
    const address = { host, port, idle: [], count: 0 };
    list.push(address);
    return address;
  }

  free(upstream: UpstreamConnection, idleSeconds: number | null): void {
    const promisedMs = idleSeconds === null ? Infinity : (idleSeconds - MARGIN_SECONDS) * 1_000;
    const idleMs = Math.min(this.options.idleMs, promisedMs);
    const { idle } = upstream.address;
    if (idleMs <= 0 || idle.length >= MAX_IDLE) {
      upstream.wire.socket.destroy();
      return;
    }
    upstream.idleUntil = this.clock.now + idleMs;
    // It may have been held back for a slow client; while it is idle, its end must be seen.
    upstream.wire.resume();
    idle.push(upstream);
  }

  closed(upstream: UpstreamConnection): void {
    const { address } = upstream;
    this.all.delete(upstream);
    address.count -= 1;
    const place = address.idle.indexOf(upstream);
    if (place >= 0) address.idle.splice(place, 1);
    if (address.count > 0) return;
    const list = this.addresses.get(address.port);
    if (list === undefined) return;
    list.splice(list.indexOf(address), 1);
    if (list.length === 0) this.addresses.delete(address.port);
  }

  fault(error: unknown): void {
    this.options.onFault(error);
  }

  /** Ends what was idle for too long. @param now monotonic milliseconds */
  sweep(now: number): void {
    for (const list of this.addresses.values()) {
      for (const { idle } of list) {
        for (const upstream of idle) if (upstream.idleUntil <= now) upstream.wire.socket.destroy();
      }
    }
  }

  destroy(): void {
    for (const upstream of this.all) upstream.wire.socket.destroy();
  }
}
