import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

/**
 * A client's connection as another server sees it that serves it in the lane's place. (A socket that reads into given
 * buffers cannot be handed to `node:http` itself.) Bytes that are read come by `feed`.
 */
export class LentSocket extends Duplex {
  constructor(
    private readonly socket: Socket,
    private readonly onWanted: () => void,
  ) {
    super({ allowHalfOpen: true });
    socket.on('timeout', this.onTimeout);
  }

  private readonly onTimeout = (): void => void this.emit('timeout');
  private given = false;

  /** The other server is to see the end of it; the connection lives on. */
  giveBack(): void {
    this.given = true;
    this.socket.off('timeout', this.onTimeout);
    this.socket.setTimeout(0);
    this.destroy();
  }

  get remoteAddress(): string | undefined {
    return this.socket.remoteAddress;
  }

  get remotePort(): number | undefined {
    return this.socket.remotePort;
  }

  get localPort(): number | undefined {
    return this.socket.localPort;
  }

  /** Of TLS: the scheme of its requests goes by it. */
  get encrypted(): boolean {
    return 'encrypted' in this.socket;
  }

  setTimeout(ms: number, listener?: () => void): this {
    this.socket.setTimeout(ms);
    if (listener !== undefined) this.once('timeout', listener);
    return this;
  }

  setNoDelay(on?: boolean): this {
    this.socket.setNoDelay(on);
    return this;
  }

  setKeepAlive(on?: boolean, delayMs?: number): this {
    this.socket.setKeepAlive(on, delayMs);
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  /** @param bytes a buffer of its own @returns false: no more until it is wanted */
  feed(bytes: Buffer): boolean {
    return this.push(bytes);
  }

  override _read(): void {
    this.onWanted();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.socket.write(chunk, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.socket.end(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (!this.given) this.socket.destroy();
    done(error);
  }

  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once('finish', () => this.destroy());
  }
}
