import { createContext, Script } from 'node:vm';
import { canonicalText, isMap, type Json, type JsonMap, WaiterError } from '@waiter/core';

/** The value at a dotted path; undefined when there is none. */
export function valueAt(data: JsonMap, path: string): Json | undefined {
  let value: Json | undefined = { ...data };
  for (const key of path.split('.')) {
    value = isMap(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  }
  return value;
}

export interface ValueFilter {
  readonly path: string;
  /** One of these must match. */
  readonly values: readonly string[];
}

type Matcher = (text: string) => boolean;

function matcherOf(value: string, starMeansAll: boolean): Matcher {
  if (value === '') return (text) => text === '';
  if (value === '*') return (text) => text === '*' || (starMeansAll && text !== '');
  // Without special characters the expression is the text itself.
  if (!/[\\^$.*+?()[\]{}|]/.test(value)) return (text) => text === value;
  try {
    const whole = new RegExp(`^(?:${value})$`, 's');
    return (text) => text === value || whole.test(text);
  } catch {
    return (text) => text === value;
  }
}

/** Milliseconds for one list. A fair expression takes microseconds per token; `(a+)+$` would take hours. */
const TIME_LIMIT_MS = 500;
const CALL = new Script('run()');

/** Runs synchronous code that may get lost in a regular expression of a client's. @throws WaiterError 400 */
function withTimeLimit<T>(run: () => T): T {
  try {
    return CALL.runInContext(createContext({ run }), { timeout: TIME_LIMIT_MS }) as T;
  } catch (error) {
    const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
    if (code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
    throw new WaiterError('Filter expression takes too long to evaluate', { status: 400 });
  }
}

/**
 * The items whose values pass all filters (spec: services-and-tokens 4.2.1). A value matches when it equals the text
 * or, as a regular expression, matches all of it.
 * @throws WaiterError 400 when an expression takes too long
 */
export function filterByValues<T>(
  items: readonly T[],
  filters: readonly ValueFilter[],
  dataOf: (item: T) => JsonMap,
  starMeansAll: boolean,
): readonly T[] {
  if (filters.length === 0) return items;
  const compiled = filters.map(({ path, values }) => ({
    path,
    key: path.split('.')[0] ?? path,
    matchers: values.map((value) => matcherOf(value, starMeansAll)),
  }));
  const passes = (item: T): boolean =>
    compiled.every(({ path, key, matchers }) => {
      const text = canonicalText(key, valueAt(dataOf(item), path) ?? null);
      return matchers.some((matches) => matches(text));
    });
  return withTimeLimit(() => items.filter(passes));
}
