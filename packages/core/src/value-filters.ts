import type { Json } from './words';
import { canonicalText } from './canonical-text';
import { WaiterError } from './errors';
import type { JsonMap } from './json';
import { isMap, own } from './json';
import { compilePattern, PatternError, type Pattern } from './patterns';

/** The value at a dotted path such as `env.X`; undefined when there is none. */
export function valueAt(data: JsonMap, path: string): Json | undefined {
  const [first = '', ...rest] = path.split('.');
  let value = own(data, first);
  for (const key of rest) value = isMap(value) ? own<Json>(value, key) : undefined;
  return value;
}

export interface ValueFilter {
  readonly path: string;
  /** One of these must match. */
  readonly values: readonly string[];
}

/**
 * Whether a text passes one filter parameter (spec: services-and-tokens 4.2.1): it equals one of the values, or one of
 * them as a regular expression matches all of it, or is `*`, star means all, and the text is not empty.
 * @throws WaiterError 400 for an expression that is one, but that RE2 does not know
 */
export function textFilter(values: readonly string[], starMeansAll: boolean): (text: string) => boolean {
  const patterns = values.map((value) => patternOf(value, starMeansAll));
  return (text) => patterns.some((pattern, i) => text === values[i] || pattern.matches(text));
}

const NOTHING: Pattern = { matches: () => false };
const NOT_EMPTY: Pattern = { matches: (text) => text !== '' };

function patternOf(value: string, starMeansAll: boolean): Pattern {
  if (value === '') return NOTHING;
  if (value === '*') return starMeansAll ? NOT_EMPTY : NOTHING;
  try {
    return compilePattern(value);
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    // What is no expression stands for itself.
    if (!error.unsupported) return NOTHING;
    throw new WaiterError(error.message, { status: 400, details: { filter: value } });
  }
}

/** Whether a description passes all filters. @throws WaiterError 400 as `textFilter` */
export function valueFilter(
  filters: readonly ValueFilter[],
  starMeansAll: boolean,
): (data: JsonMap) => boolean {
  const compiled = filters.map(({ path, values }) => ({
    path,
    key: path.split('.', 1)[0] ?? path,
    passes: textFilter(values, starMeansAll),
  }));
  return (data) =>
    compiled.every(({ path, key, passes }) => passes(canonicalText(key, valueAt(data, path) ?? null)));
}
