import { join } from 'node:path';

/**
 * The start of a shell command that runs the built kitchen from any directory: absolute paths, quoted as needed.
 * Append flags, such as ` -p $PORT0`.
 */
export function kitchenCommand(): string {
  return [process.execPath, join(__dirname, '..', 'bin', 'kitchen.js')].map(quoted).join(' ');
}

function quoted(word: string): string {
  return /^[\w/.:@%+=-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
