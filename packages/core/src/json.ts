import type { Json } from './words';

/** Deeper input is refused: writing it back out again would overflow the stack. */
const MAX_DEPTH = 128;

/** True when `text` opens more than `MAX_DEPTH` brackets before it closes them; strings are skipped. */
function tooDeep(text: string): boolean {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (inString) {
      if (code === 0x5c) i += 1;
      else if (code === 0x22) inString = false;
    } else if (code === 0x22) inString = true;
    else if (code === 0x5b || code === 0x7b) {
      depth += 1;
      if (depth > MAX_DEPTH) return true;
    } else if (code === 0x5d || code === 0x7d) depth -= 1;
  }
  return false;
}

/**
 * Parses untrusted JSON text.
 * @returns undefined when the text is not JSON, or is nested deeper than 128 levels
 */
export function parseJson(text: string): Json | undefined {
  if (tooDeep(text)) return undefined;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

export type JsonMap = Readonly<Record<string, Json>>;

/** A JSON object: not null, not an array. */
export function isMap(value: unknown): value is { [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Own property or undefined; a plain index would also find `constructor` and its like on the prototype. */
export function own<T>(map: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(map, key) ? map[key] : undefined;
}

/** The entries whose key passes, in their order. Safe for a key named `__proto__`. */
export function pick<T>(map: Readonly<Record<string, T>>, keep: (key: string) => boolean): Record<string, T> {
  return Object.fromEntries(Object.entries(map).filter(([key]) => keep(key)));
}

/** A string with something else than whitespace in it. */
export function isFilled(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== '';
}
