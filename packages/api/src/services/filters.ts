import { createContext, Script } from 'node:vm';
import { isMap, own, WaiterError } from '@waiter/core';
import type { Json } from '@waiter/core';

/**
 * Whether a value passes one filter parameter (spec: services-and-tokens 4.2.1): it equals one of the texts, or one of
 * them as a regular expression matches all of it, or is `*`, star means all, and the value is not empty.
 */
export function matches(value: Json | undefined, wanted: readonly string[], starMeansAll: boolean): boolean {
  const text = filterText(value);
  return wanted.some((want) => {
    if (text === want) return true;
    if (want === '*') return starMeansAll && text !== '';
    return want !== '' && matchesWhole(want, text);
  });
}

/** Every filter must pass; names may be dotted paths such as `env.X`. */
export function matchesAll(
  description: Readonly<Record<string, Json>>,
  filters: ReadonlyMap<string, readonly string[]>,
  starMeansAll: boolean,
): boolean {
  return [...filters].every(([path, wanted]) => matches(valueAt(description, path), wanted, starMeansAll));
}

export function valueAt(description: Readonly<Record<string, Json>>, path: string): Json | undefined {
  const [first = '', ...rest] = path.split('.');
  const value = own(description, first);
  // Keys of env and metadata have no dots, but do not depend on it.
  return rest.length === 0 ? value : isMap(value) ? own(value, rest.join('.')) : undefined;
}

function filterText(value: Json | undefined): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

const test = new Script('regex.test(text)');
const sandbox: { regex: RegExp; text: string } = { regex: /x/, text: '' };
const context = createContext(sandbox);
const TIME_LIMIT_MS = 20;

/**
 * Patterns come from clients, and V8 backtracks: `(a+)+b` would hold this process as long as the client likes. What may
 * backtrack much runs with a time limit (0.12 ms more per text).
 * @throws WaiterError 400 when it takes too long
 */
function matchesWhole(pattern: string, text: string): boolean {
  let regex: RegExp;
  try {
    regex = new RegExp(`^(?:${pattern})$`, 's');
  } catch {
    return false;
  }
  if (isTame(pattern, text)) return regex.test(text);
  Object.assign(sandbox, { regex, text });
  try {
    return test.runInContext(context, { timeout: TIME_LIMIT_MS }) === true;
  } catch (cause) {
    throw new WaiterError('A filter takes too long to match', {
      status: 400,
      details: { filter: pattern },
      cause,
    });
  }
}

/** At most two repetitions, none inside a group, on a short text: at worst cubic in 300. */
function isTame(pattern: string, text: string): boolean {
  const repetitions = pattern.match(/[*+{]/g)?.length ?? 0;
  return text.length <= 300 && (repetitions === 0 || (repetitions <= 2 && !/[()\\]/.test(pattern)));
}
