import { constants, type ServerHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import { Allowance } from './allowance';

const { NGHTTP2_ENHANCE_YOUR_CALM } = constants;

/** What one client may do so many times at once, and so many times a second. */
const RESETS = [400, 30] as const;
const PINGS = [200, 10] as const;
const SETTINGS = [50, 1] as const;

/**
 * Bytes that are neither heads nor bodies: changes of windows, priorities, frames of unknown types. A client that reads
 * pays 26 bytes for each piece that it took, so the bound grows with what it was sent.
 */
const TALK_BYTES = 262_144;
const TALK_BYTES_PER_SECOND = 1_024;
const TALK_PER_SENT_BYTE = 1 / 16;
/** Of a head and of a piece of a body: what its frame adds. */
const FRAME_BYTES = 32;
/** Bytes that a client may send ahead of a slow instance, per stream. */
export const STREAM_WINDOW = 262_144;

/**
 * Ends a session whose client makes the router work for nothing. nghttp2 and node bound CONTINUATION frames (8 per head),
 * empty DATA frames, unread acknowledgements, and the size and number of headers; the rest is bounded here. Each bound has
 * a test that is named after the attack (attacks.int.test.ts).
 */
export class SessionGuard {
  private readonly resets = new Allowance(...RESETS);
  private readonly settings = new Allowance(...SETTINGS);
  private pings = new Allowance(...PINGS);
  private usefulBytes = 0;
  private readonly startedAt = performance.now();

  constructor(
    private readonly session: ServerHttp2Session,
    private readonly socket: Socket,
    private readonly onAbuse: (kind: string) => void,
  ) {
    session.on('ping', () => this.charge(this.pings, 'ping'));
    session.on('remoteSettings', () => this.charge(this.settings, 'settings'));
  }

  private charge(allowance: Allowance, kind: string): void {
    if (!allowance.take()) this.end(kind);
  }

  /** The client took a request back before it was answered. */
  onReset(): void {
    this.charge(this.resets, 'reset');
  }

  /** The client gets what it asked for: one that measures its line by PINGs meanwhile does no harm. */
  onWork(): void {
    if (this.pings.touched) this.pings = new Allowance(...PINGS);
  }

  /** A head or a piece of a body came. */
  onUseful(bytes: number): void {
    this.usefulBytes += bytes + FRAME_BYTES;
  }

  /**
   * A stream ended before its body: what was under way of it, at most a window, nobody will read. That it was sent is no fault
   * of the client.
   */
  onUnread(): void {
    this.usefulBytes += STREAM_WINDOW;
  }

  /** @param now monotonic milliseconds @param unread bytes of bodies that wait to be read, which count as useful then */
  check(now: number, unread: number): void {
    const { bytesRead, bytesWritten } = this.socket;
    const talk = bytesRead - this.usefulBytes - unread - bytesWritten * TALK_PER_SENT_BYTE;
    const ageSeconds = (now - this.startedAt) / 1_000;
    if (talk > TALK_BYTES + ageSeconds * TALK_BYTES_PER_SECOND) this.end('talk');
  }

  private end(kind: string): void {
    if (this.session.destroyed) return;
    this.onAbuse(kind);
    // Without an error node would send code 0, whatever it is given.
    this.session.destroy(new Error(`too much: ${kind}`), NGHTTP2_ENHANCE_YOUR_CALM);
  }
}
