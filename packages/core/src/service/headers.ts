import type { Json } from '../words';
import type { JsonMap } from '../json';
import { parseJson } from '../json';
import { ON_THE_FLY_KEYS, SERVICE_KEYS, SERVICE_PARAMETERS } from '../parameters';

/** Request headers: lower-case names, repeated ones folded with `,`. */
export type HeaderMap = Readonly<Record<string, string>>;

export const WAITER_HEADER = 'x-waiter-';
const FORMS = new Map(SERVICE_PARAMETERS.map(({ name, header }) => [name, header]));
const MAPS: readonly { prefix: string; into: string; upperCase: boolean }[] = [
  { prefix: 'env-', into: 'env', upperCase: true },
  { prefix: 'metadata-', into: 'metadata', upperCase: false },
  { prefix: 'param-', into: 'param', upperCase: true },
];

/** What the `x-waiter-*` headers of a request say about the service. */
export interface DescriptionHeaders {
  /** Service parameters given by header. */
  readonly parameters: JsonMap;
  /** `x-waiter-param-*` by variable name; null when there is none. */
  readonly params: Readonly<Record<string, string>> | null;
  /** A header named exactly after a service parameter, or `x-waiter-token`. */
  readonly onTheFly: boolean;
  /** A header named exactly after a service parameter. */
  readonly parameterHeader: boolean;
}

function parseValue(name: string, text: string): Json {
  const form = FORMS.get(name);
  if (form === 'list') {
    const items = text.split(',').map((item) => item.trim());
    return text.trim() === '' ? [] : [...new Set(items)].sort();
  }
  if (form === 'json' || form === 'map') return parseJson(text) ?? text;
  return text;
}

/** Reads the description out of the headers (spec: services-and-tokens 1.4, 1.6). */
export function descriptionHeaders(headers: HeaderMap): DescriptionHeaders {
  const plain: [string, Json][] = [];
  const maps = new Map<string, [string, string][]>();
  let onTheFly = false;
  let parameterHeader = false;
  for (const [header, text] of Object.entries(headers)) {
    if (!header.startsWith(WAITER_HEADER)) continue;
    const key = header.slice(WAITER_HEADER.length);
    onTheFly ||= ON_THE_FLY_KEYS.has(key);
    if (SERVICE_KEYS.has(key)) {
      parameterHeader = true;
      plain.push([key, parseValue(key, text)]);
      continue;
    }
    const map = MAPS.find(({ prefix }) => key.startsWith(prefix));
    if (map === undefined) continue;
    const name = key.slice(map.prefix.length);
    const entries = maps.get(map.into) ?? [];
    entries.push([map.upperCase ? name.toUpperCase() : name, text]);
    maps.set(map.into, entries);
  }
  // Object.fromEntries, because assignment of a key named __proto__ would be lost.
  const collected = (into: string): Record<string, string> => Object.fromEntries(maps.get(into) ?? []);
  const parameters: Record<string, Json> = Object.fromEntries(plain);
  if (maps.has('env')) parameters['env'] = collected('env');
  if (maps.has('metadata')) parameters['metadata'] = collected('metadata');
  return { parameters, params: maps.has('param') ? collected('param') : null, onTheFly, parameterHeader };
}

const SECRET = /^(?:authorization|proxy-authorization|cookie)$/;

/** The headers as the details of an error show them: split, and without credentials. */
export function shownHeaders(headers: HeaderMap): Record<'x-waiter-headers' | 'non-waiter-headers', Json> {
  const waiter: [string, Json][] = [];
  const others: [string, Json][] = [];
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(WAITER_HEADER)) waiter.push([name.slice(WAITER_HEADER.length), value]);
    else if (!SECRET.test(name)) others.push([name, value]);
  }
  return { 'x-waiter-headers': Object.fromEntries(waiter), 'non-waiter-headers': Object.fromEntries(others) };
}
