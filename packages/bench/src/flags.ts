import { parseArgs } from 'node:util';

/** The command line is wrong. */
export class UsageError extends Error {}

/** What the flags of a measurement say; each of these throws a UsageError where they say nonsense. */
export interface Flags {
  count(name: string, fallback: number, least?: number): number;
  /** The first is the default. */
  choice<T extends string>(name: string, choices: readonly T[]): T;
  /** Names separated by commas. */
  list<T extends string>(name: string, choices: readonly T[], fallback: readonly T[]): readonly T[];
}

const MOST = 10_000_000;

/** @throws UsageError when there are others than `names` */
export function flags(args: readonly string[], names: readonly string[]): Flags {
  const values = parse(args, names);
  return {
    count(name, fallback, least = 1) {
      const text = values[name];
      if (text === undefined) return fallback;
      const value = Number(text);
      if (Number.isInteger(value) && value >= least && value <= MOST) return value;
      throw new UsageError(`--${name} must be a whole number, not "${text}"`);
    },
    choice<T extends string>(name: string, choices: readonly T[]): T {
      const text = values[name] ?? choices[0];
      const found = choices.find((one) => one === text);
      if (found === undefined) throw new UsageError(`--${name} must be one of ${choices.join(', ')}`);
      return found;
    },
    list<T extends string>(name: string, choices: readonly T[], fallback: readonly T[]) {
      const text = values[name];
      if (text === undefined) return fallback;
      const given = text.split(',').filter((one) => one !== '');
      const unknown = given.find((one) => !choices.includes(one as T));
      if (unknown === undefined) return given as T[];
      throw new UsageError(`--${name}: ${unknown} is none of ${choices.join(', ')}`);
    },
  };
}

function parse(args: readonly string[], names: readonly string[]): Record<string, string | undefined> {
  try {
    const options = Object.fromEntries(names.map((name) => [name, { type: 'string' as const }]));
    const { values } = parseArgs({ args: [...args], options, allowPositionals: false });
    return values as Record<string, string | undefined>;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
