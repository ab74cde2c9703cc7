import { METHODS } from 'node:http';

const KNOWN_METHODS: ReadonlySet<string> = new Set(METHODS.filter((method) => method !== 'CONNECT'));
/** Origin form (RFC 9112 3.2.1) without fragment. */
const PLAIN_TARGET = /^\/[!"$-~]*$/;
const VERSION = ' HTTP/1.1';

/** What the first line of a plain request says (RFC 9112 3). */
export interface RequestLine {
  readonly method: string;
  readonly target: string;
}

/** @param line without its end @returns null: another lane serves it, or refuses it in words */
export function requestLine(line: string): RequestLine | null {
  if (!line.endsWith(VERSION)) return null;
  const space = line.indexOf(' ');
  const end = line.length - VERSION.length;
  if (space <= 0 || space >= end) return null;
  const method = line.slice(0, space);
  const target = line.slice(space + 1, end);
  return KNOWN_METHODS.has(method) && PLAIN_TARGET.test(target) ? { method, target } : null;
}
