import { WaiterError } from '@waiter/core';

const NUMBER = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
/** Longer ones are not looked at: no number that JavaScript can hold needs so many characters. */
const MAX_LENGTH = 400;
/** So many decimal digits tell any two numbers that JavaScript can hold apart. */
const MAX_DIGITS = 17;
const [QUOTE, BACKSLASH, MINUS, ZERO, NINE] = [0x22, 0x5c, 0x2d, 0x30, 0x39];

interface Decimal {
  /** Without leading and trailing zeros; '' for zero. */
  readonly digits: string;
  /** Power of ten of the point before the first digit. */
  readonly exponent: number;
}

function decimal(literal: string): Decimal {
  const [mantissa = '', power = '0'] = literal.replace(/^-/, '').toLowerCase().split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  const all = whole + fraction;
  const digits = all.replace(/^0+/, '');
  const exponent = whole.length + Number(power) - (all.length - digits.length);
  const significant = digits.replace(/0+$/, '');
  return { digits: significant, exponent: significant === '' ? 0 : exponent };
}

/** Whether the number that JavaScript makes of a JSON literal has all the digits that were written. */
export function isExact(literal: string): boolean {
  if (literal.length > MAX_LENGTH) return false;
  const written = decimal(literal);
  if (written.digits === '') return true;
  const value = Number(literal);
  if (written.digits.length > MAX_DIGITS || !Number.isFinite(value) || value === 0) return false;
  const kept = decimal(value.toExponential(written.digits.length - 1));
  return kept.digits === written.digits && kept.exponent === written.exponent;
}

/** Position of the quote that ends the string which begins at `start`. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text.charCodeAt(at) !== QUOTE) at += text.charCodeAt(at) === BACKSLASH ? 2 : 1;
  return at;
}

/** The number literals of a JSON text, in their order. */
function* numbersOf(text: string): Generator<string> {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at);
    if (code !== MINUS && (code < ZERO || code > NINE)) continue;
    NUMBER.lastIndex = at;
    const literal = NUMBER.exec(text)?.[0] ?? '-';
    yield literal;
    at += literal.length - 1;
  }
}

/**
 * Refuses what would come back as another number, such as 12345678901234567890 or 1e400. What is only written otherwise
 * (`1.0`, `1e2`) is the same number, and comes back in the shortest form (`1`, `100`), on which hashes rest too.
 * @param text JSON
 * @throws WaiterError 400
 */
export function requireExactNumbers(text: string): void {
  for (const literal of numbersOf(text)) {
    if (isExact(literal)) continue;
    const shown = literal.length > 40 ? `${literal.slice(0, 40)}...` : literal;
    throw new WaiterError(`Number ${shown} cannot be represented exactly`, {
      status: 400,
      details: { number: shown },
    });
  }
}
