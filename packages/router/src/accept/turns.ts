import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** So many requests of one connection may have been read before their turn; what follows waits in the socket. */
const MOST_AHEAD = 16;

/**
 * Requests of one connection are served one after the other, as their responses must come (RFC 9112 9.3.2): node parses
 * what a client pipelines, and would have all of it served at once. So no request is served whose connection ends with an
 * earlier response, and none holds a slot that is left by its client without a word, as node tells that only of the first.
 */
export class Turns {
  /** Responses that are not over, in their order. */
  private readonly lines = new WeakMap<Duplex, ServerResponse[]>();

  /** @param begin called when it is the turn of this response; never, when the connection ends before */
  take(socket: Duplex, response: ServerResponse, begin: () => void): void {
    const line = this.lines.get(socket) ?? [];
    this.lines.set(socket, line);
    line.push(response);
    response.once('close', () => {
      line.shift();
      if (line.length === MOST_AHEAD) socket.resume();
    });
    // Node reads on at the end of each message, this one included.
    if (line.length > MOST_AHEAD) process.nextTick(() => line.length > MOST_AHEAD && socket.pause());
    this.follow(socket, line.at(-2), begin);
  }

  /** @param then called when everything that was read before is answered; never, when the connection ends with that */
  after(socket: Duplex, then: () => void): void {
    this.follow(socket, this.lines.get(socket)?.at(-1), then);
  }

  /** Those that are not written to their end; the first one has its turn. */
  pending(socket: Duplex): readonly ServerResponse[] {
    const line = this.lines.get(socket) ?? [];
    return line.filter((response) => !response.writableFinished && !response.destroyed);
  }

  private follow(socket: Duplex, before: ServerResponse | undefined, then: () => void): void {
    const next = (): void => {
      if (socket.writable) then();
    };
    if (before === undefined) return next();
    before.once('close', () => before.shouldKeepAlive && next());
  }
}
