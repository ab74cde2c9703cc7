import type { Input } from '../sockets/input';

/** Bytes of a connection that were read before it was their turn. */
export class Backlog {
  private bytes: Buffer | null = null;

  get empty(): boolean {
    return this.bytes === null;
  }

  add(input: Input, bytes: Buffer, from: number, to: number): void {
    if (from === to) return;
    this.bytes =
      this.bytes === null
        ? input.keep(bytes, from, to)
        : Buffer.concat([this.bytes, bytes.subarray(from, to)]);
  }

  take(): Buffer | null {
    const { bytes } = this;
    this.bytes = null;
    return bytes;
  }

  clear(): void {
    this.bytes = null;
  }
}
