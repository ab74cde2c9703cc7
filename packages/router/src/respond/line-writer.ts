import { close, open, write } from 'node:fs';

/** A full buffer is written at once, another one after a while. */
const BUFFER_BYTES = 256 * 1024;
const FLUSH_MS = 250;
/** More than this unwritten (a full or slow disk) and lines are dropped rather than kept. */
const MAX_BUFFERS = 32;

/**
 * Appends lines to a file, many in one write: a line costs a copy, not a call. Lines are ASCII (as of `logLine`), so that
 * they go into the buffer in one pass.
 */
export class LineWriter {
  private current: Buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  private used = 0;
  /** Buffers to be written, in order; the first one is being written. */
  private readonly full: Buffer[] = [];
  private readonly spare: Buffer[] = [];
  private fd: number | null = null;
  private failed = false;
  private writing = false;
  private closed = false;
  private timer: NodeJS.Timeout | undefined;
  private onIdle: (() => void) | undefined;
  /** Lines that were not written because the file did not keep up, or cannot be written. */
  dropped = 0;

  constructor(
    file: string,
    private readonly onError: (error: Error) => void,
  ) {
    open(file, 'a', (error, fd) => {
      if (error !== null) this.fail(error);
      else if (this.closed) close(fd);
      else this.fd = fd;
      this.pump();
    });
  }

  write(line: string): void {
    const needed = line.length + 1;
    if (needed > BUFFER_BYTES - this.used) this.flush();
    if (this.failed || this.full.length > MAX_BUFFERS || needed > BUFFER_BYTES) {
      this.dropped += 1;
      return;
    }
    this.current.write(line, this.used, 'latin1');
    this.used += needed;
    this.current[this.used - 1] = 0x0a;
    this.timer ??= setTimeout(() => this.flush(), FLUSH_MS);
  }

  private flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.used > 0) {
      this.full.push(this.current.subarray(0, this.used));
      this.current = this.spare.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES);
      this.used = 0;
    }
    this.pump();
  }

  private pump(): void {
    const [next] = this.full;
    if (this.failed || next === undefined) return this.onIdle?.();
    if (this.fd === null || this.writing) return;
    this.writing = true;
    write(this.fd, next, 0, next.length, null, (error, written) => {
      this.writing = false;
      if (error !== null) this.fail(error);
      else if (written < next.length) this.full[0] = next.subarray(written);
      else this.recycle();
      this.pump();
    });
  }

  private recycle(): void {
    const done = this.full.shift();
    if (done !== undefined && this.spare.length === 0)
      this.spare.push(Buffer.from(done.buffer, 0, BUFFER_BYTES));
  }

  /** Nothing more can be written; said once. */
  private fail(error: Error): void {
    if (this.failed) return;
    this.failed = true;
    this.full.length = 0;
    this.onError(error);
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.onIdle = resolve;
      this.flush();
    });
    const { fd } = this;
    this.closed = true;
    this.fd = null;
    if (fd !== null) await new Promise((resolve) => close(fd, resolve));
  }
}
