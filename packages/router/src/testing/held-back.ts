import { setTimeout as sleep } from 'node:timers/promises';

/** So long must nothing move. */
const STILL_MS = 500;
const LOOK_MS = 50;

/** Waits until a count that grows has come to rest. @returns it */
export async function restOf(count: () => number): Promise<number> {
  let seen = count();
  for (let still = 0; still < STILL_MS; still += LOOK_MS) {
    await sleep(LOOK_MS);
    if (count() !== seen || seen === 0) still = -LOOK_MS;
    seen = count();
  }
  return seen;
}

interface Sink {
  readonly destroyed: boolean;
  write(bytes: Buffer): boolean;
  end(): void;
  once(event: 'drain', listener: () => void): unknown;
}

const PIECE = Buffer.alloc(65_536, 'z');

/** Writes so many bytes as fast as they are taken, and ends. @param onWritten told of every piece that was begun */
export function pour(sink: Sink, bytes: number, onWritten: (bytes: number) => void): void {
  let left = bytes;
  const pump = (): void => {
    while (left > 0 && !sink.destroyed) {
      const piece = left < PIECE.length ? PIECE.subarray(0, left) : PIECE;
      left -= piece.length;
      onWritten(piece.length);
      if (!sink.write(piece)) return void sink.once('drain', pump);
    }
    if (!sink.destroyed) sink.end();
  };
  pump();
}
