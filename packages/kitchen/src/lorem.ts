const TEXT =
  'Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt ut labore et dolore magna ' +
  'aliqua. Ut enim ad minim veniam, quis nostrud exercitation ullamco laboris nisi ut aliquip ex ea commodo consequat. ' +
  'Duis aute irure dolor in reprehenderit in voluptate velit esse cillum dolore eu fugiat nulla pariatur. Excepteur sint ' +
  'occaecat cupidatat non proident, sunt in culpa qui officia deserunt mollit anim id est laborum. ';

/** One turn of the text; the piece below is a whole number of turns, so that pieces join without a seam. */
const turn = Buffer.from(TEXT);
let piece: Buffer | undefined;

/** Lorem ipsum, repeated and cut to `bytes`, in pieces of about 64 KiB. */
export function* lorem(bytes: number): Generator<Buffer> {
  piece ??= Buffer.alloc(turn.length * Math.floor((64 * 1024) / turn.length), turn);
  for (let left = bytes; left > 0; left -= piece.length)
    yield left >= piece.length ? piece : piece.subarray(0, left);
}
