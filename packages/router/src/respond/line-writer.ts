import { createWriteStream, type WriteStream } from 'node:fs';

/** Pieces of this size are written at once, smaller ones after a while. */
const FLUSH_CHARACTERS = 256 * 1024;
const FLUSH_MS = 250;
/** More than this unwritten (a full or slow disk) and lines are dropped rather than kept. */
const MAX_PENDING_BYTES = 8 * 1024 * 1024;

/** Appends lines to a file, many in one write: a line costs a string, not a call. */
export class LineWriter {
  private readonly stream: WriteStream;
  private buffered = '';
  private timer: NodeJS.Timeout | undefined;
  /** Lines that were not written because the file did not keep up. */
  dropped = 0;

  constructor(file: string, onError: (error: Error) => void) {
    this.stream = createWriteStream(file, { flags: 'a' });
    this.stream.on('error', onError);
  }

  write(line: string): void {
    if (this.stream.writableLength > MAX_PENDING_BYTES || this.stream.destroyed) {
      this.dropped += 1;
      return;
    }
    this.buffered += `${line}\n`;
    if (this.buffered.length >= FLUSH_CHARACTERS) this.flush();
    else this.timer ??= setTimeout(() => this.flush(), FLUSH_MS);
  }

  private flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.buffered !== '') this.stream.write(this.buffered);
    this.buffered = '';
  }

  close(): Promise<void> {
    this.flush();
    if (this.stream.destroyed) return Promise.resolve();
    return new Promise((resolve) => {
      this.stream.once('close', resolve);
      this.stream.end();
    });
  }
}
