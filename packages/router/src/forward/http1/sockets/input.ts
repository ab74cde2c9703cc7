import type { Socket } from 'node:net';

/** Room in front of what is read, for a head that is written in one piece with a body. */
export const HEADROOM = 1_024;

/**
 * Where a socket's bytes are while they are being looked at. They are valid until the callback that brought them returns;
 * what is to live longer goes through `keep`, and a buffer that a write has not finished with is lent to it.
 */
export interface Input {
  /** Bytes that may be kept. */
  keep(bytes: Buffer, from: number, to: number): Buffer;
  /** Bytes for another socket to write now, to be followed by `wrote`. */
  piece(bytes: Buffer, from: number, to: number): Buffer;
  /** The same with a head in front (Latin-1); null: there is no room for it. */
  pieceWithHead(head: string, bytes: Buffer, from: number, to: number): Buffer | null;
  /** A piece was given to `socket`, which may not be done with it. */
  wrote(socket: Socket): void;
}

/** Bytes that came by 'data': a new buffer each time, which nobody else uses. */
export const OWNED: Input = {
  keep: (bytes, from, to) => bytes.subarray(from, to),
  piece: (bytes, from, to) => (from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to)),
  pieceWithHead: () => null,
  wrote: () => undefined,
};

function copy(bytes: Buffer, from: number, to: number): Buffer {
  return Buffer.from(bytes.subarray(from, to));
}

/** One buffer for many sockets: for what is short and looked at once, such as heads. It cannot be lent. */
export class SharedInput implements Input {
  readonly area: Buffer;

  constructor(bytes: number) {
    this.area = Buffer.allocUnsafeSlow(bytes);
  }

  keep(bytes: Buffer, from: number, to: number): Buffer {
    return copy(bytes, from, to);
  }

  piece(bytes: Buffer, from: number, to: number): Buffer {
    return copy(bytes, from, to);
  }

  pieceWithHead(): null {
    return null;
  }

  wrote(): void {
    // What was written was a copy.
  }
}

/** A buffer that one socket reads into, over and over; another one takes its place where it is lent. */
export class ReusedInput implements Input {
  /** What is read into. */
  area: Buffer;
  private memory: Buffer;
  private readonly lent: Buffer[] = [];
  private spare: Buffer | undefined;

  constructor(private readonly bytes: number) {
    this.memory = Buffer.allocUnsafeSlow(HEADROOM + bytes);
    this.area = this.memory.subarray(HEADROOM);
  }

  keep(bytes: Buffer, from: number, to: number): Buffer {
    return copy(bytes, from, to);
  }

  piece(bytes: Buffer, from: number, to: number): Buffer {
    return bytes.subarray(from, to);
  }

  /** @param bytes what was read, in `area` */
  pieceWithHead(head: string, bytes: Buffer, from: number, to: number): Buffer | null {
    const start = HEADROOM + from - head.length;
    if (start < 0 || bytes !== this.area) return null;
    this.memory.write(head, start, 'latin1');
    return this.memory.subarray(start, HEADROOM + to);
  }

  wrote(socket: Socket): void {
    if (socket.writableLength === 0) return;
    this.lent.push(this.memory);
    this.memory = this.spare ?? Buffer.allocUnsafeSlow(HEADROOM + this.bytes);
    this.spare = undefined;
    this.area = this.memory.subarray(HEADROOM);
  }

  /** Everything that was lent is written. */
  reclaim(): void {
    this.spare ??= this.lent[0];
    this.lent.length = 0;
  }

  /** The reader begins with another socket: what is lent still belongs to the former. */
  forget(): void {
    this.lent.length = 0;
  }
}
