const CLOSE = 0x8;
const TEXT = 0x1;
const BINARY = 0x2;
/** Longest payload of a control frame (RFC 6455 5.5). */
const MAX_CONTROL_BYTES = 125;
/** A close frame without a code (RFC 6455 7.1.5). */
const NO_STATUS = 1005;

/** Why the frames of one side cannot be passed on any further. */
export type FrameFault =
  | { readonly kind: 'too-large'; readonly message: 'Text' | 'Binary'; readonly size: number }
  | { readonly kind: 'malformed' };

/**
 * Follows the frames of one direction of a WebSocket (RFC 6455 5.2) through the pieces in which they arrive, without
 * keeping a payload: what is wanted is where frames end, how large messages become, and with which code the side closes.
 */
export class FrameScanner {
  /** Bytes of the present frame that are still to come, after what was passed. */
  left = 0;
  /** Of the close frame that went by; null: none did. */
  closeCode: number | null = null;
  fault: FrameFault | null = null;
  private kind: 'Text' | 'Binary' = 'Binary';
  private messageBytes = 0;

  constructor(private readonly maxMessageBytes: number) {}

  /**
   * @param bytes what follows the bytes that were passed by the calls before
   * @returns how many of them may be passed on. The rest begins a frame whose head is incomplete, or, with `fault`, one
   * that must not be passed. Close frames are passed whole.
   */
  scan(bytes: Buffer): number {
    let at = 0;
    while (at < bytes.length && this.fault === null) {
      if (this.left === 0) {
        const headEnd = this.readHead(bytes, at);
        if (headEnd < 0) return at;
        at = headEnd;
      }
      const passed = Math.min(this.left, bytes.length - at);
      this.left -= passed;
      at += passed;
    }
    return at;
  }

  /** @returns where the payload begins; -1: not all is there, or it is a fault */
  private readHead(bytes: Buffer, from: number): number {
    if (bytes.length - from < 2) return -1;
    const first = bytes[from] ?? 0;
    const second = bytes[from + 1] ?? 0;
    const masked = (second & 0x80) !== 0;
    const short = second & 0x7f;
    const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
    const end = from + 2 + lengthBytes + (masked ? 4 : 0);
    if (bytes.length < end) return -1;
    const length =
      short === 126
        ? bytes.readUInt16BE(from + 2)
        : short === 127
          ? bytes.readUInt32BE(from + 2) * 2 ** 32 + bytes.readUInt32BE(from + 6)
          : short;
    const isFinal = (first & 0x80) !== 0;
    const opcode = first & 0x0f;
    if (opcode < CLOSE) return this.readData(opcode, isFinal, length) ? end : -1;
    if (!isFinal || length > MAX_CONTROL_BYTES) {
      this.fault = { kind: 'malformed' };
      return -1;
    }
    if (opcode === CLOSE) {
      if (bytes.length < end + length) return -1;
      this.closeCode ??= closeCodeOf(bytes, end, length, masked);
    }
    this.left = length;
    return end;
  }

  private readData(opcode: number, isFinal: boolean, length: number): boolean {
    if (opcode === TEXT || opcode === BINARY) this.kind = opcode === TEXT ? 'Text' : 'Binary';
    this.messageBytes += length;
    if (this.messageBytes > this.maxMessageBytes) {
      this.fault = { kind: 'too-large', message: this.kind, size: this.messageBytes };
      return false;
    }
    if (isFinal) this.messageBytes = 0;
    this.left = length;
    return true;
  }
}

function closeCodeOf(bytes: Buffer, from: number, length: number, masked: boolean): number {
  if (length < 2) return NO_STATUS;
  const code = bytes.readUInt16BE(from);
  return masked ? code ^ bytes.readUInt16BE(from - 4) : code;
}
