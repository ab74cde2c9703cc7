import { COLON, CR, HEX, LF, SEMICOLON, TOKEN, VALUE } from './characters';

const enum At {
  SizeStart,
  Size,
  Extension,
  SizeLf,
  Data,
  DataCr,
  DataLf,
  LineStart,
  TrailerName,
  TrailerValue,
  TrailerLf,
  EndLf,
  Done,
}

/** More digits than any body needs, and few enough to be exact in a number. */
const MAX_SIZE_DIGITS = 12;
/** Extensions and trailers are bounded together, per message. */
const MAX_EXTRA_BYTES = 16_384;

/**
 * Follows a chunked body to its end (RFC 9112 7.1), as strictly as the head: CR LF only, plain hexadecimal sizes. The bytes
 * are passed on as they are, less chunk extensions (7.1.1: for one hop only) and, where wanted, trailers: what is to be
 * left out is closed up within the buffer.
 */
export class ChunkedReader {
  private at: At = At.Done;
  private size = 0;
  private digits = 0;
  private extra = 0;
  private dropTrailers = false;
  /** Bytes of the body itself so far. */
  length = 0;
  /** End of what is to be passed on of the bytes last read. */
  keptEnd = 0;

  begin(dropTrailers: boolean): void {
    this.at = At.SizeStart;
    this.extra = 0;
    this.length = 0;
    this.dropTrailers = dropTrailers;
  }

  get done(): boolean {
    return this.at === At.Done;
  }

  /** @returns where reading stopped: the end of the bytes or of the body; -1: malformed */
  read(bytes: Buffer, from: number, to: number): number {
    let i = from;
    let kept = from;
    // Start of the bytes that are passed on and not yet closed up; -1 in what is left out.
    let run = this.leavesOut() ? -1 : from;
    const leaveOut = (start: number): void => {
      if (run < 0) return;
      if (run !== kept) bytes.copyWithin(kept, run, start);
      kept += start - run;
      run = -1;
    };
    while (i < to && this.at !== At.Done) {
      const byte = bytes[i] as number;
      switch (this.at) {
        case At.SizeStart:
          this.size = HEX[byte] as number;
          if (this.size === 255) return -1;
          this.digits = 1;
          this.at = At.Size;
          break;
        case At.Size: {
          const digit = HEX[byte] as number;
          if (digit !== 255) {
            this.size = this.size * 16 + digit;
            this.digits += 1;
            if (this.digits > MAX_SIZE_DIGITS) return -1;
          } else if (byte === CR) {
            this.at = At.SizeLf;
          } else if (byte === SEMICOLON) {
            leaveOut(i);
            this.at = At.Extension;
          } else return -1;
          break;
        }
        case At.Extension:
          if (byte === CR) {
            run = i;
            this.at = At.SizeLf;
          } else if (VALUE[byte] !== 1 || (this.extra += 1) > MAX_EXTRA_BYTES) return -1;
          break;
        case At.SizeLf:
          if (byte !== LF) return -1;
          this.at = this.size === 0 ? At.LineStart : At.Data;
          break;
        case At.Data: {
          const taken = Math.min(this.size, to - i);
          this.size -= taken;
          this.length += taken;
          i += taken - 1;
          if (this.size === 0) this.at = At.DataCr;
          break;
        }
        case At.DataCr:
          if (byte !== CR) return -1;
          this.at = At.DataLf;
          break;
        case At.DataLf:
          if (byte !== LF) return -1;
          this.at = At.SizeStart;
          break;
        case At.LineStart:
          if (byte === CR) {
            this.at = At.EndLf;
          } else if (TOKEN[byte] === 1) {
            if (this.dropTrailers) leaveOut(i);
            this.at = At.TrailerName;
          } else return -1;
          break;
        case At.TrailerName:
          if (byte === COLON) this.at = At.TrailerValue;
          else if (TOKEN[byte] !== 1 || (this.extra += 1) > MAX_EXTRA_BYTES) return -1;
          break;
        case At.TrailerValue:
          if (byte === CR) this.at = At.TrailerLf;
          else if (VALUE[byte] !== 1 || (this.extra += 1) > MAX_EXTRA_BYTES) return -1;
          break;
        case At.TrailerLf:
          if (byte !== LF) return -1;
          if (this.dropTrailers) run = i + 1;
          this.at = At.LineStart;
          break;
        case At.EndLf:
          if (byte !== LF) return -1;
          this.at = At.Done;
          break;
      }
      i += 1;
    }
    leaveOut(i);
    this.keptEnd = kept;
    return i;
  }

  private leavesOut(): boolean {
    if (this.at === At.Extension) return true;
    return this.dropTrailers && this.at >= At.TrailerName && this.at <= At.TrailerLf;
  }
}
