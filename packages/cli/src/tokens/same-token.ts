import { elementsOf, membersOf } from './json-text';

/** A number in a form that is equal for equal numbers, of any size: `1.0`, `1` and `10e-1` are `1e0`. */
function numberForm(text: string): string {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text);
  if (match === null) return text;
  const [, sign = '', whole = '', fraction = '', power = '0'] = match;
  const digits = (whole + fraction).replace(/^0+/, '');
  if (digits === '') return '0e0';
  const significant = digits.replace(/0+$/, '');
  const exponent = BigInt(power) - BigInt(fraction.length) + BigInt(digits.length - significant.length);
  return `${sign}${significant}e${exponent}`;
}

/**
 * The value of a JSON text in a form that is equal for equal values: names sorted, numbers compared exactly. The order
 * of `allowed-params` says nothing (spec: services-and-tokens 4.1.1), so they are sorted too.
 */
export function canonicalValue(text: string, name = ''): string {
  const first = text.charAt(0);
  if (first === '{') {
    const members = [...membersOf(text)].map(([key, value]) => [key, canonicalValue(value, key)] as const);
    const sorted = members.sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${sorted.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(',')}}`;
  }
  if (first === '[') {
    const elements = elementsOf(text).map((element) => canonicalValue(element));
    return `[${(name === 'allowed-params' ? elements.sort() : elements).join(',')}]`;
  }
  if (first === '"') return JSON.stringify(JSON.parse(text));
  return /^[-\d]/.test(first) ? numberForm(text) : text;
}

export const sameValue = (a: string, b: string): boolean =>
  canonicalValue(a.trim()) === canonicalValue(b.trim());

const BOOKKEEPING = ['cluster', 'last-update-time', 'last-update-user', 'previous', 'root', 'deleted'];

/** What users wrote: everything but the bookkeeping (spec: services-and-tokens 7.1, root mismatch). */
export function contentOf(text: string): string {
  const kept = [...membersOf(text)].filter(([name]) => !BOOKKEEPING.includes(name));
  return canonicalValue(`{${kept.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`);
}
