import { CR, LF } from './characters';
import { INCOMPLETE, MALFORMED, TOO_MANY_LINES, type HeadScanner } from './head-scanner';
import { LastBlock } from './last-block';
import { requestFields, type RequestFields } from './request-fields';
import { MALFORMED_LINE, requestLine, type RequestLine } from './request-line';

/** The head is longer than is allowed. */
export const TOO_LARGE = -2;
/** The request line alone is longer than is allowed. */
export const LINE_TOO_LONG = -5;
/** Sound, as far as was read, but not of the plain subset. */
export const ODD = -3;

/** Bytes of empty lines before a request that are passed over (RFC 9112 2.2). */
const MAX_EMPTY_BYTES = 8;

/** Finds request heads in the bytes of one connection. What it found last is in `line` and `fields`. */
export class RequestReader {
  line: RequestLine = { method: '', target: '' };
  fields: RequestFields | null = null;
  /** Where the head began. */
  start = 0;
  private readonly last = new LastBlock<RequestFields>();

  constructor(private readonly scanner: HeadScanner) {}

  /** @returns where the head ends, or INCOMPLETE, MALFORMED, TOO_LARGE, LINE_TOO_LONG, TOO_MANY_LINES, ODD */
  read(bytes: Buffer, from: number, to: number): number {
    const { scanner, last } = this;
    let start = from;
    while (bytes[start] === CR && bytes[start + 1] === LF && start - from < MAX_EMPTY_BYTES) start += 2;
    this.start = start;
    const most = Math.min(to, start + scanner.maxBytes);
    const lineEnd = scanner.startLine(bytes, start, most);
    if (lineEnd <= 0) return lineEnd === INCOMPLETE && most < to ? LINE_TOO_LONG : lineEnd;
    let end = last.endOfSame(bytes, lineEnd, most);
    if (end > 0) {
      this.fields = last.value;
    } else {
      end = this.readFields(bytes, lineEnd, most);
      if (end <= 0) return end === INCOMPLETE && most < to ? TOO_LARGE : end;
    }
    const line = requestLine(bytes.toString('latin1', start, lineEnd - 2));
    if (line === MALFORMED_LINE) return MALFORMED;
    if (line === null || this.fields === null) return ODD;
    this.line = line;
    return end;
  }

  private readFields(bytes: Buffer, from: number, to: number): number {
    const { scanner, last } = this;
    const end = scanner.fields(bytes, from, to);
    if (end <= 0) return end;
    this.fields = requestFields(scanner.read(bytes, from, end));
    if (this.fields !== null) last.remember(bytes, from, end, this.fields);
    return end;
  }
}

export { INCOMPLETE, MALFORMED, TOO_MANY_LINES };
