import { METHODS } from 'node:http';

const KNOWN_METHODS: ReadonlySet<string> = new Set(METHODS.filter((method) => method !== 'CONNECT'));
/** Origin form (RFC 9112 3.2.1) without fragment. */
const PLAIN_TARGET = /^\/[!"$-~]*$/;
const VERSION = ' HTTP/1.1';
/** The parser of node knows other protocols too. */
const THREE_PARTS = /^[^ \t]+ [^ \t]+ HTTP\/\d\.\d$/;

/** No three parts with one space between, of which the last is a version (RFC 9112 3): a reader has to guess which is the target. */
export const MALFORMED_LINE = Symbol('malformed');

/** What the first line of a plain request says (RFC 9112 3). */
export interface RequestLine {
  readonly method: string;
  readonly target: string;
}

/** @param line without its end @returns null: another lane serves it, or refuses it in words */
export function requestLine(line: string): RequestLine | typeof MALFORMED_LINE | null {
  const space = line.indexOf(' ');
  const end = line.length - VERSION.length;
  if (line.endsWith(VERSION) && space > 0 && space < end) {
    const method = line.slice(0, space);
    const target = line.slice(space + 1, end);
    if (KNOWN_METHODS.has(method) && PLAIN_TARGET.test(target)) return { method, target };
  }
  return THREE_PARTS.test(line) ? null : MALFORMED_LINE;
}
