import type { Json } from './words';
import { isMap } from './json';

/**
 * A number as Java prints it, because ids and hashes must equal those of the original: integers in decimal,
 * other values in `Double.toString` form (`0.1`, `1.0E-5`, `1.25E7`).
 * JSON `1.0` and `1` are one value in JavaScript; both give `1`, where the original gave `1.0` for the first.
 */
export function numberText(value: number): string {
  if (Number.isSafeInteger(value)) return String(value);
  if (!Number.isFinite(value)) return String(value);
  const [mantissa = '0', power = '0'] = Math.abs(value).toExponential().split('e');
  const digits = mantissa.replace('.', '');
  const exponent = Number(power);
  const sign = value < 0 ? '-' : '';
  if (exponent < -3 || exponent >= 7) {
    return `${sign}${digits[0]}.${digits.slice(1) || '0'}E${exponent}`;
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  return `${sign}${whole}.${digits.slice(exponent + 1) || '0'}`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\n',
  '\t': '\\t',
  '\r': '\\r',
  '\f': '\\f',
  '\b': '\\b',
};

/** The printed form of a value inside a collection: strings quoted, map keys and set members sorted. */
function printed(value: Json): string {
  if (value === null) return 'nil';
  if (typeof value === 'string') return `"${value.replace(/["\\\n\t\r\f\b]/g, (c) => ESCAPES[c] ?? c)}"`;
  if (typeof value === 'number') return numberText(value);
  if (typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return `[${value.map(printed).join(' ')}]`;
  const entries = Object.entries(value).map(([key, item]) => `${printed(key)} ${printed(item)}`);
  return `{${entries.sort().join(', ')}}`;
}

/**
 * The text of one entry that service ids and token hashes are made of (spec: services-and-tokens 2.4). Scalars are
 * as the original prints them; collections are the same print form with a fixed order (keys sorted), where the
 * original had hash order, so that maps of one entry agree with it too.
 */
export function canonicalText(key: string, value: Json): string {
  if (value === null) return '';
  if (typeof value === 'string') return value;
  if (key === 'allowed-params' && Array.isArray(value)) {
    return `#{${[...new Set(value.map(printed))].sort().join(' ')}}`;
  }
  if (typeof value === 'number' || typeof value === 'boolean' || Array.isArray(value) || isMap(value)) {
    return printed(value);
  }
  return '';
}

/** Keys in UTF-16 order, each followed by its text, nothing in between. */
export function canonicalForm(map: Readonly<Record<string, Json>>, keep: (key: string) => boolean): string {
  return Object.keys(map)
    .filter(keep)
    .sort()
    .map((key) => key + canonicalText(key, map[key] ?? null))
    .join('');
}
