import type { Socket } from 'node:net';
import type { Input } from '../sockets/input';

/** A body up to this size leaves in the same string as its head. */
const JOINED_BYTES = 4_096;

/** A request on its way to an instance: its body is kept until there is a connection, then passed on piece by piece. */
export class Upload {
  /** Everything was handed to us. */
  complete = false;
  /** Bytes of the body may have reached the instance. */
  sent = false;
  /** Since when the instance takes nothing; 0: it does. */
  blockedAt = 0;
  private socket: Socket | null = null;
  private text = '';
  private held: Buffer[] | null = null;

  constructor(readonly hasBody: boolean) {}

  /** There is a connection: the head goes, and now the body may flow. */
  begin(socket: Socket, head: string, now: number): void {
    this.socket = socket;
    this.sent = this.hasBody;
    const { held } = this;
    if (held === null) {
      socket.write(head + this.text, 'latin1');
    } else {
      socket.cork();
      socket.write(head + this.text, 'latin1');
      for (const piece of held) socket.write(piece);
      socket.uncork();
      this.held = null;
    }
    this.text = '';
    this.look(socket, now);
  }

  /** A piece of the body. @returns false: no more for now */
  add(input: Input, bytes: Buffer, from: number, to: number, now: number): boolean {
    const { socket } = this;
    if (socket !== null) {
      socket.write(input.piece(bytes, from, to));
      input.wrote(socket);
      return this.look(socket, now);
    }
    if (this.held === null && this.text.length + to - from <= JOINED_BYTES) {
      this.text += bytes.toString('latin1', from, to);
    } else {
      (this.held ??= []).push(input.keep(bytes, from, to));
    }
    return this.complete;
  }

  private look(socket: Socket, now: number): boolean {
    // What is written by now needs no waiting, though 'drain' may follow.
    const blocked = socket.writableNeedDrain && socket.writableLength > 0;
    this.blockedAt = blocked ? now : 0;
    return !blocked;
  }

  /** The connection is gone; what was held was not written. */
  detach(): void {
    this.socket = null;
    this.blockedAt = 0;
  }
}
