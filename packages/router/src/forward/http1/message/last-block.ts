/** Longer ones are seldom repeated, and would cost memory for each connection. */
const MAX_BYTES = 4_096;

/**
 * The bytes that came last, and what they mean. Peers repeat themselves from message to message on a connection, and to
 * compare costs a fraction of reading.
 */
export class LastBlock<T> {
  private memory: Buffer | null = null;
  private length = 0;
  value: T | null = null;

  /** @returns where the same bytes end that start at `from`; 0: there are others */
  endOfSame(bytes: Buffer, from: number, to: number): number {
    const { memory, length } = this;
    const end = from + length;
    if (length === 0 || memory === null || end > to) return 0;
    return bytes.compare(memory, 0, length, from, end) === 0 ? end : 0;
  }

  remember(bytes: Buffer, from: number, end: number, value: T): void {
    this.value = value;
    this.length = 0;
    const length = end - from;
    if (length > MAX_BYTES) return;
    if (this.memory === null || this.memory.length < length) this.memory = Buffer.allocUnsafe(length);
    bytes.copy(this.memory, 0, from, end);
    this.length = length;
  }
}
