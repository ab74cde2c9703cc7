import { BodyReader } from './body-reader';
import { INCOMPLETE, MALFORMED, type HeadScanner } from './head-scanner';
import { LastBlock } from './last-block';
import { replyHead, type ReplyHead } from './reply-head';

export { INCOMPLETE, MALFORMED };
/** The head is longer than is allowed. */
export const TOO_LARGE = -2;

/** Finds response heads in the bytes of one connection to an instance. What it found last is in `head`. */
export class ReplyReader {
  head: ReplyHead | null = null;
  readonly body = new BodyReader();
  private readonly last = new LastBlock<ReplyHead>();
  private lastToHead = false;

  constructor(private readonly scanner: HeadScanner) {}

  /** @returns where the head ends, or INCOMPLETE, MALFORMED, TOO_LARGE */
  read(bytes: Buffer, from: number, to: number, toHead: boolean): number {
    const { scanner, last } = this;
    const same = toHead === this.lastToHead ? last.endOfSame(bytes, from, to) : 0;
    if (same > 0) {
      this.head = last.value;
      return same;
    }
    const most = Math.min(to, from + scanner.maxBytes);
    const lineEnd = scanner.startLine(bytes, from, most);
    const end = lineEnd <= 0 ? lineEnd : scanner.fields(bytes, lineEnd, most);
    if (end <= 0) return end === INCOMPLETE && to - from >= scanner.maxBytes ? TOO_LARGE : end;
    const line = bytes.toString('latin1', from, lineEnd - 2);
    this.head = replyHead(line, scanner.read(bytes, lineEnd, end), toHead);
    if (this.head === null) return MALFORMED;
    last.remember(bytes, from, end, this.head);
    this.lastToHead = toHead;
    return end;
  }
}
