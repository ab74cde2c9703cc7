import type { Socket } from 'node:net';

/** The two flows of a client's socket: what it takes of us, and whether we take of it. */
export class ClientFlow {
  /** Since when the client takes nothing; 0: it does. Monotonic milliseconds, as all times here. */
  blockedAt = 0;
  wroteAt = 0;
  private paused = false;

  constructor(private readonly socket: Socket) {}

  /** @returns false: no more before 'drain' */
  write(text: string): boolean {
    return this.wrote(this.socket.write(text, 'latin1'));
  }

  writePieces(before: string, piece: Buffer, after: string): boolean {
    const { socket } = this;
    if (before === '' && after === '') return this.wrote(socket.write(piece));
    socket.cork();
    if (before !== '') socket.write(before, 'latin1');
    socket.write(piece);
    if (after !== '') socket.write(after, 'latin1');
    socket.uncork();
    return this.wrote(!socket.writableNeedDrain);
  }

  private wrote(flows: boolean): boolean {
    this.wroteAt = performance.now();
    if (!flows && this.blockedAt === 0) this.blockedAt = this.wroteAt;
    return flows;
  }

  pause(): void {
    if (this.paused) return;
    this.paused = true;
    this.socket.pause();
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    this.socket.resume();
  }
}
