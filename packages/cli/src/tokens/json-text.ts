/**
 * JSON as text. JavaScript's numbers cannot hold every number that a token may (`1.0`, integers of twenty digits), so
 * the token tools hand on the text that a cluster sent, and take it apart here without parsing numbers. All functions
 * expect text that `JSON.parse` accepts.
 */

const SPACE = /[\s]/;

function skipSpace(text: string, at: number): number {
  let index = at;
  while (index < text.length && SPACE.test(text.charAt(index))) index += 1;
  return index;
}

/** The index after the string that opens at `at`. */
function endOfString(text: string, at: number): number {
  let index = at + 1;
  while (index < text.length && text.charAt(index) !== '"') index += text.charAt(index) === '\\' ? 2 : 1;
  return index + 1;
}

/** The index after the value that begins at `at`. */
function endOfValue(text: string, at: number): number {
  let depth = 0;
  let index = at;
  while (index < text.length) {
    const character = text.charAt(index);
    if (character === '"') {
      index = endOfString(text, index);
      if (depth === 0) return index;
      continue;
    }
    if (character === '{' || character === '[') depth += 1;
    else if (character === '}' || character === ']') {
      if (depth === 0) return index;
      depth -= 1;
      if (depth === 0) return index + 1;
    } else if (depth === 0 && (character === ',' || SPACE.test(character))) return index;
    index += 1;
  }
  return index;
}

/** The texts of an array's elements; empty for what is no array. */
export function elementsOf(text: string): string[] {
  const elements: string[] = [];
  let at = skipSpace(text, 0);
  if (text.charAt(at) !== '[') return elements;
  at = skipSpace(text, at + 1);
  while (at < text.length && text.charAt(at) !== ']') {
    const end = endOfValue(text, at);
    elements.push(text.slice(at, end));
    at = skipSpace(text, end);
    if (text.charAt(at) === ',') at = skipSpace(text, at + 1);
  }
  return elements;
}

/** The texts of an object's values by name; empty for what is no object. Of a name that repeats, the last counts. */
export function membersOf(text: string): Map<string, string> {
  const members = new Map<string, string>();
  let at = skipSpace(text, 0);
  if (text.charAt(at) !== '{') return members;
  at = skipSpace(text, at + 1);
  while (at < text.length && text.charAt(at) === '"') {
    const nameEnd = endOfString(text, at);
    const name = JSON.parse(text.slice(at, nameEnd)) as string;
    const valueAt = skipSpace(text, skipSpace(text, nameEnd) + 1);
    const end = endOfValue(text, valueAt);
    members.set(name, text.slice(valueAt, end));
    at = skipSpace(text, end);
    if (text.charAt(at) === ',') at = skipSpace(text, at + 1);
  }
  return members;
}

/** On one line, the same value. Line ends cannot be inside a string. */
export const onOneLine = (text: string): string => text.replace(/[\r\n]+\s*/g, ' ').trim();
