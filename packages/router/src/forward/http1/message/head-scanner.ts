import { COLON, CR, LF, SPACE, TAB, TOKEN, VALUE } from './characters';

/** More bytes are needed. */
export const INCOMPLETE = 0;
/** No valid head, or one that somebody else may read differently. */
export const MALFORMED = -1;
/** More lines than are allowed. */
export const TOO_MANY_LINES = -4;

/** A line takes at least `a:` CR LF. */
const LEAST_LINE = 4;

/**
 * Finds the lines of a message head, strictly (RFC 9112 2.2, 5; RFC 9110 5): every line ends in CR LF, a name is a token
 * directly before its colon, and a value holds no control characters. So bare LF, bare CR, folded lines, space before
 * the colon, and NUL are all refused here. One scanner serves many messages: `fields` leaves offsets, `read` makes strings.
 */
export class HeadScanner {
  /** Start and end of name and value, four numbers a line. */
  private readonly offsets: Int32Array;
  private count = 0;

  constructor(
    readonly maxBytes: number,
    private readonly maxLines = Infinity,
  ) {
    this.offsets = new Int32Array(4 * Math.ceil(maxBytes / LEAST_LINE));
  }

  /** @returns where the line that starts at `from` ends (after its CR LF), INCOMPLETE or MALFORMED */
  startLine(bytes: Buffer, from: number, to: number): number {
    let i = from;
    while (i < to && VALUE[bytes[i] as number] === 1) i += 1;
    if (i === to) return INCOMPLETE;
    if (bytes[i] !== CR) return MALFORMED;
    if (i + 1 === to) return INCOMPLETE;
    return bytes[i + 1] === LF ? i + 2 : MALFORMED;
  }

  /**
   * @param from after the start line; the caller bounds the length
   * @returns where the head ends (after its empty line), INCOMPLETE, MALFORMED or TOO_MANY_LINES
   */
  fields(bytes: Buffer, from: number, to: number): number {
    const { offsets } = this;
    const last = 4 * this.maxLines;
    let i = from;
    for (let slot = 0; ; slot += 4) {
      if (i === to) return INCOMPLETE;
      if (bytes[i] === CR) {
        if (i + 1 === to) return INCOMPLETE;
        this.count = slot;
        return bytes[i + 1] === LF ? i + 2 : MALFORMED;
      }
      if (slot >= last) return TOO_MANY_LINES;
      offsets[slot] = i;
      while (i < to && TOKEN[bytes[i] as number] === 1) i += 1;
      if (i === to) return INCOMPLETE;
      if (bytes[i] !== COLON || i === offsets[slot]) return MALFORMED;
      offsets[slot + 1] = i;
      i += 1;
      while (i < to && (bytes[i] === SPACE || bytes[i] === TAB)) i += 1;
      offsets[slot + 2] = i;
      while (i < to && VALUE[bytes[i] as number] === 1) i += 1;
      if (i === to) return INCOMPLETE;
      if (bytes[i] !== CR) return MALFORMED;
      if (i + 1 === to) return INCOMPLETE;
      if (bytes[i + 1] !== LF) return MALFORMED;
      offsets[slot + 3] = i;
      i += 2;
    }
  }

  /** Names and values in turn, as they arrived, of the lines that `fields` just found from `from` to `end`. */
  read(bytes: Buffer, from: number, end: number): string[] {
    const { offsets, count } = this;
    const text = bytes.toString('latin1', from, end);
    const raw: string[] = [];
    for (let slot = 0; slot < count; slot += 4) {
      const valueStart = offsets[slot + 2] as number;
      let valueEnd = offsets[slot + 3] as number;
      // Whitespace after a value is no part of it (RFC 9112 5.1).
      while (valueEnd > valueStart && (bytes[valueEnd - 1] === SPACE || bytes[valueEnd - 1] === TAB)) {
        valueEnd -= 1;
      }
      raw.push(
        text.slice((offsets[slot] as number) - from, (offsets[slot + 1] as number) - from),
        text.slice(valueStart - from, valueEnd - from),
      );
    }
    return raw;
  }
}
