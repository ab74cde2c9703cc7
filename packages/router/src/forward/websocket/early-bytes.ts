import type { Duplex } from 'node:stream';

/** More than a client has any reason to send before its handshake is answered. */
const MAX_BYTES = 65_536;

/**
 * Reads from a client whose handshake is not answered yet: what it sends too early is kept, and that it hangs up is noticed,
 * which a socket does only while it is read.
 */
export class EarlyBytes {
  private readonly pieces: Buffer[];
  private size: number;

  constructor(
    private readonly socket: Duplex,
    rest: Buffer,
  ) {
    this.pieces = [rest];
    this.size = rest.length;
    socket.on('data', this.take);
  }

  private readonly take = (bytes: Buffer): void => {
    this.pieces.push(bytes);
    this.size += bytes.length;
    if (this.size > MAX_BYTES) this.socket.pause();
  };

  /** Everything up to now; from here on somebody else reads. */
  stop(): Buffer {
    this.socket.off('data', this.take).pause();
    return Buffer.concat(this.pieces);
  }
}
