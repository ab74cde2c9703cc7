import { ChunkedReader } from './chunked-reader';

/** How the end of a body is known (RFC 9112 6.3). */
export type Framing = 'none' | 'length' | 'chunked' | 'until-close';

/** Follows a body of any framing to its end. One reader serves all messages of a connection, one after the other. */
export class BodyReader {
  framing: Framing = 'none';
  done = true;
  /** End of what is to be passed on of the bytes last read. */
  keptEnd = 0;
  private remaining = 0;
  private chunked: ChunkedReader | null = null;

  /** Bytes of a chunked body so far, without its framing; 0 for one of another kind. */
  get chunkedLength(): number {
    return this.framing === 'chunked' && this.chunked !== null ? this.chunked.length : 0;
  }

  /** @param length of framing `length` */
  begin(framing: Framing, length: number, dropTrailers: boolean): void {
    this.framing = framing;
    this.remaining = length;
    this.done = framing === 'none' || (framing === 'length' && length === 0);
    if (framing === 'chunked') (this.chunked ??= new ChunkedReader()).begin(dropTrailers);
  }

  /** @returns where reading stopped: the end of the bytes or of the body; -1: malformed */
  read(bytes: Buffer, from: number, to: number): number {
    if (this.done) {
      this.keptEnd = from;
      return from;
    }
    if (this.framing === 'chunked' && this.chunked !== null) {
      const end = this.chunked.read(bytes, from, to);
      this.keptEnd = this.chunked.keptEnd;
      this.done = this.chunked.done;
      return end;
    }
    if (this.framing === 'until-close') return (this.keptEnd = to);
    const taken = Math.min(this.remaining, to - from);
    this.remaining -= taken;
    this.done = this.remaining === 0;
    return (this.keptEnd = from + taken);
  }
}
