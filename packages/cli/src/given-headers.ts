import { readFileSync } from 'node:fs';
import { UsageError } from './usage-error';

/** For commander: an option that may be given again. */
export const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];

/** `--header "name: value"`, or `@FILE` with lines of them: secrets are better kept in a file than in the list of processes. */
export function headersFrom(given: readonly string[]): Record<string, string> {
  const lines = given.flatMap((one) =>
    one.startsWith('@') ? readFileSync(one.slice(1), 'utf8').split('\n') : [one],
  );
  return Object.fromEntries(
    lines
      .filter((line) => line.trim() !== '')
      .map((line) => {
        const colon = line.indexOf(':');
        if (colon < 1) throw new UsageError('a header is written as "name: value"');
        return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()];
      }),
  );
}
