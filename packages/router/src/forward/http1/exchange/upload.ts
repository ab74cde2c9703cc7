import type { Input } from '../sockets/input';
import type { UpstreamWire } from '../sockets/upstream-wire';

/** A body up to this size leaves in the same string as its head. */
const JOINED_BYTES = 4_096;
/**
 * So much of a body is read before there is an instance to send it to: that a client hangs up is noticed only while it is
 * read.
 */
const MOST_HELD_BYTES = 65_536;
/** What a piece costs beside its bytes, so that tiny ones are bounded as well. */
const PIECE_BYTES = 256;

/** A request on its way to an instance: its body is kept until there is a connection, then passed on piece by piece. */
export class Upload {
  /** Everything was handed to us. */
  complete = false;
  /** Bytes of the body may have reached the instance. */
  sent = false;
  /** Since when the instance takes nothing; 0: it does. */
  blockedAt = 0;
  private wire: UpstreamWire | null = null;
  private text = '';
  private held: Buffer[] | null = null;
  private heldBytes = 0;

  constructor(readonly hasBody: boolean) {}

  /** There is a connection: the head goes, and now the body may flow. */
  begin(wire: UpstreamWire, head: string, now: number): void {
    this.wire = wire;
    this.sent = this.hasBody;
    const { held, text } = this;
    wire.write(text === '' ? head : head + text);
    this.text = '';
    if (held === null) return;
    const { socket } = wire;
    socket.cork();
    wire.flush();
    for (const piece of held) socket.write(piece);
    socket.uncork();
    this.held = null;
    this.look(wire, now);
  }

  /** A piece of the body. @returns false: no more for now */
  add(input: Input, bytes: Buffer, from: number, to: number, now: number): boolean {
    const { wire } = this;
    if (wire !== null) {
      wire.flush();
      wire.socket.write(input.piece(bytes, from, to));
      input.wrote(wire.socket);
      return this.look(wire, now);
    }
    if (this.held === null && this.text.length + to - from <= JOINED_BYTES) {
      this.text += bytes.toString('latin1', from, to);
    } else {
      (this.held ??= []).push(input.keep(bytes, from, to));
    }
    this.heldBytes += to - from + PIECE_BYTES;
    return this.reads;
  }

  /** Before there is a connection: whether the client is read. */
  get reads(): boolean {
    return this.complete || this.heldBytes < MOST_HELD_BYTES;
  }

  private look({ socket }: UpstreamWire, now: number): boolean {
    // What is written by now needs no waiting, though 'drain' may follow.
    const blocked = socket.writableNeedDrain && socket.writableLength > 0;
    this.blockedAt = blocked ? now : 0;
    return !blocked;
  }

  /** The connection is gone; what was held was not written. */
  detach(): void {
    this.wire = null;
    this.blockedAt = 0;
  }
}
