import { constants, createServer, type Http2Server, type Http2Session } from 'node:http2';
import type { Socket } from 'node:net';
import type { FastLane } from '../../accept';
import { ClientSession, type ClientSessionOptions } from './client-session';
import { STREAM_WINDOW } from './session-guard';

export interface Http2LaneOptions extends ClientSessionOptions {
  /** Streams that one client may have open. */
  readonly maxConcurrentStreams: number;
}

const CHECK_MS = 500;
const MAX_HEADER_PAIRS = 1_000;
const MAX_SESSION_MEGABYTES = 32;

/**
 * The http2 lane: `node:http2` in front, on connections that begin with the preface of HTTP/2 or have agreed on it by ALPN.
 * Its requests take the same way as those of the general lane.
 */
export class Http2Lane implements FastLane {
  private readonly server: Http2Server;
  private readonly sessions = new Map<Http2Session, ClientSession>();
  private readonly timer: NodeJS.Timeout;
  private draining = false;
  private arriving: Socket | null = null;

  constructor(options: Http2LaneOptions) {
    // Never listens: connections are given to it.
    this.server = createServer({
      maxSessionMemory: MAX_SESSION_MEGABYTES,
      maxHeaderListPairs: MAX_HEADER_PAIRS,
      settings: {
        enablePush: false,
        maxConcurrentStreams: options.maxConcurrentStreams,
        initialWindowSize: STREAM_WINDOW,
        // Heads between the limit and this are refused in words, larger ones are reset.
        maxHeaderListSize: options.requestHeadBytes * 2,
      },
    });
    this.server.on('session', (session) => {
      const { arriving } = this;
      if (arriving === null) return;
      this.sessions.set(session, new ClientSession(session, arriving, options));
      session.once('close', () => this.sessions.delete(session));
    });
    this.server.on('stream', (stream, _headers, flags, raw: readonly string[] = []) => {
      // 'close' tells. Unheard it would end the process: of a body longer than it said, the stream is over before it is here.
      stream.on('error', () => undefined);
      const endStream = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
      const { session } = stream;
      if (session !== undefined) this.sessions.get(session)?.open(stream, endStream, raw);
    });
    this.server.on('sessionError', () => undefined);
    this.timer = setInterval(() => {
      const now = performance.now();
      for (const session of this.sessions.values()) session.check(now);
    }, CHECK_MS).unref();
  }

  connect(socket: Socket): void {
    if (this.draining) return void socket.destroy();
    this.arriving = socket;
    // It tells of its session before this returns.
    this.server.emit('connection', socket);
    this.arriving = null;
  }

  drain(): void {
    this.draining = true;
    for (const session of this.sessions.values()) session.drain();
  }

  destroy(): void {
    for (const session of this.sessions.values()) session.destroy();
  }

  close(): void {
    clearInterval(this.timer);
  }
}
