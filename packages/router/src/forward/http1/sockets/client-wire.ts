import type { Socket } from 'node:net';
import type { LaneClock } from '../clock';
import type { ClientBuffers } from './client-buffers';
import { OWNED, type Input, type ReusedInput } from './input';
import type { Outbox, Outlet } from './outbox';
import { rewrap } from './rewrap';

/** Longer text does not wait for the end of the turn, so that a client that does not read is noticed. */
const MAX_WAITING = 16_384;

/** What a connection is told by its socket. */
export interface WireOwner {
  /** More of a request body is to come: it is worth a buffer of its own. */
  readonly expectsBody: boolean;
  onRead(bytes: Buffer, to: number): void;
  onDrain(): void;
  onEnd(): void;
  onClose(): void;
}

/** The socket of a client: reading by 'data' at first, by reused buffers once the connection has shown that it lives. */
export class ClientWire implements Outlet {
  socket: Socket;
  /** Where the bytes of the present `onRead` are. */
  input: Input = OWNED;
  /** Since when the client takes nothing; 0: it does. Monotonic milliseconds, as all times here. */
  blockedAt = 0;
  wroteAt = 0;
  reuses = false;
  /** What leaves at the end of the turn. */
  private text = '';
  private own: ReusedInput | null = null;
  private paused = false;

  constructor(
    socket: Socket,
    private readonly owner: WireOwner,
    private readonly clock: LaneClock,
    /** null: this socket is read by 'data' for ever. */
    private readonly buffers: ClientBuffers | null,
    private readonly outbox: Outbox,
  ) {
    this.socket = socket;
    socket.on('data', this.onData);
    this.listen(socket);
  }

  private readonly onData = (bytes: Buffer): void => this.owner.onRead(bytes, bytes.length);
  private readonly onDrain = (): void => {
    this.blockedAt = 0;
    this.owner.onDrain();
  };
  private readonly onEnd = (): void => this.owner.onEnd();
  private readonly onError = (): void => undefined; // 'close' follows
  private readonly onClose = (): void => {
    if (this.own !== null) this.buffers?.giveBack(this.own);
    this.own = null;
    this.owner.onClose();
  };

  private listen(socket: Socket): void {
    socket
      .on('drain', this.onDrain)
      .on('end', this.onEnd)
      .on('error', this.onError)
      .on('close', this.onClose);
  }

  /** Leaves the socket to somebody else; only where it does not reuse buffers. */
  release(): void {
    this.flush();
    this.socket.off('data', this.onData).off('drain', this.onDrain).off('end', this.onEnd);
    this.socket.off('error', this.onError).off('close', this.onClose);
  }

  /** Reads by reused buffers from now on, where that is possible. To be called between two requests. */
  reuseBuffers(): void {
    const { buffers } = this;
    if (this.reuses || buffers === null || this.paused) return;
    this.flush();
    if (this.socket.writableLength > 0) return;
    const { socket } = this;
    const fresh = rewrap(socket, {
      buffer: () => this.nextArea(buffers),
      callback: (length, bytes) => {
        this.owner.onRead(bytes as Buffer, length);
        return true;
      },
    });
    if (fresh === null) return;
    this.release();
    this.listen(fresh);
    this.socket = fresh;
    this.reuses = true;
  }

  private nextArea(buffers: ClientBuffers): Buffer {
    if (this.owner.expectsBody) {
      this.own ??= buffers.takeForBody();
      this.input = this.own;
      return this.own.area;
    }
    if (this.own !== null) buffers.giveBack(this.own);
    this.own = null;
    this.input = buffers.heads;
    return buffers.heads.area;
  }

  /** @returns false: no more before `onDrain` */
  write(text: string): boolean {
    if (this.text === '') this.outbox.add(this);
    this.text += text;
    return this.text.length < MAX_WAITING || this.flush();
  }

  /** Writes what waits, before something else happens to the socket. @returns as `write` */
  flush(): boolean {
    const { text, socket } = this;
    if (text === '' || socket.destroyed) return true;
    this.text = '';
    return this.wrote(socket.write(text, 'latin1'));
  }

  writePiece(piece: Buffer): boolean {
    this.flush();
    return this.wrote(this.socket.write(piece));
  }

  writePieces(before: string, piece: Buffer, after: string): boolean {
    this.flush();
    const { socket } = this;
    socket.cork();
    if (before !== '') socket.write(before, 'latin1');
    socket.write(piece);
    if (after !== '') socket.write(after, 'latin1');
    socket.uncork();
    return this.wrote(!socket.writableNeedDrain);
  }

  private wrote(flows: boolean): boolean {
    this.wroteAt = this.clock.now;
    // What is written by now needs no waiting, though 'drain' may follow.
    if (flows || this.socket.writableLength === 0) return true;
    if (this.blockedAt === 0) this.blockedAt = this.wroteAt;
    return false;
  }

  /** Ends our side. */
  end(): void {
    this.flush();
    this.socket.end();
  }

  /** Closes the connection when everything is written. */
  destroySoon(): void {
    this.flush();
    this.socket.destroySoon();
  }

  /** Whoever was written to from our buffers has taken everything. */
  reclaim(): void {
    this.own?.reclaim();
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
