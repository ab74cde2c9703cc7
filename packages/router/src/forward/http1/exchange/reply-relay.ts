import type { Framing } from '../message/body-reader';
import type { ClientWire } from '../sockets/client-wire';
import type { Input } from '../sockets/input';

/** A body piece up to this size leaves in the same string as its head. */
const JOINED_BYTES = 4_096;

/** A reply on its way to the client. The head waits for the first piece of the body, if that was read with it. */
export class ReplyRelay {
  headSent = false;
  private head = '';
  private framing: Framing = 'none';

  constructor(private readonly wire: ClientWire) {}

  /** @param head with its empty line */
  begin(head: string, framing: Framing): void {
    this.head = head;
    this.framing = framing;
    this.headSent = true;
  }

  /** @returns false: the client takes no more for now */
  body(input: Input, bytes: Buffer, from: number, to: number): boolean {
    const { wire, head } = this;
    const size = to - from;
    const rechunked = this.framing === 'until-close';
    const before = rechunked ? `${head}${size.toString(16)}\r\n` : head;
    const after = rechunked ? '\r\n' : '';
    this.head = '';
    if (before !== '' && size <= JOINED_BYTES) {
      return wire.write(`${before}${bytes.toString('latin1', from, to)}${after}`);
    }
    const whole = rechunked || before === '' ? null : input.pieceWithHead(before, bytes, from, to);
    const flows =
      whole !== null || (before === '' && after === '')
        ? wire.writePiece(whole ?? input.piece(bytes, from, to))
        : wire.writePieces(before, input.piece(bytes, from, to), after);
    input.wrote(wire.socket);
    return flows;
  }

  /** Writes what waits. */
  flush(): void {
    if (this.head === '') return;
    this.wire.write(this.head);
    this.head = '';
  }

  end(): void {
    const last = this.framing === 'until-close' ? '0\r\n\r\n' : '';
    if (this.head !== '' || last !== '') this.wire.write(this.head + last);
    this.head = '';
  }
}
