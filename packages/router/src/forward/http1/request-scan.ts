import { METHODS } from 'node:http';
import { lowerCaseName } from '../../accept';
import type { Framing } from './body-reader';
import type { HeadScanner } from './head-scanner';

const KNOWN_METHODS: ReadonlySet<string> = new Set(METHODS.filter((method) => method !== 'CONNECT'));
/** Origin form (RFC 9112 3.2.1) without fragment. */
const PLAIN_TARGET = /^\/[!"$-~]*$/;
/** One host with or without port (RFC 9110 7.2, RFC 3986 3.2.2); no list, no user, no space. */
const PLAIN_HOST = /^[\w.~!$&'()*+;=:[\]%-]+$/;
const PLAIN_LENGTH = /^\d{1,15}$/;

/** What a request of the plain subset says of itself. */
export interface PlainRequest {
  readonly method: string;
  readonly url: string;
  readonly rawHeaders: readonly string[];
  readonly framing: Framing;
  readonly length: number;
  readonly keepAlive: boolean;
}

/**
 * The plain subset of HTTP/1.1 (RFC 9112 3, 6.3): a known method, an origin-form target, exactly one well-formed Host,
 * and a body framed by one Content-Length, or by chunked alone, or none. Upgrades and expectations are not in it.
 * @param scanner has read the head
 * @returns null: the general lane serves it, or refuses it in words
 */
export function plainRequest({ startLine, rawHeaders }: HeadScanner): PlainRequest | null {
  const first = startLine.indexOf(' ');
  const second = startLine.indexOf(' ', first + 1);
  if (first < 0 || second < 0 || startLine.slice(second) !== ' HTTP/1.1') return null;
  const method = startLine.slice(0, first);
  const url = startLine.slice(first + 1, second);
  if (!KNOWN_METHODS.has(method) || !PLAIN_TARGET.test(url)) return null;
  let hosts = 0;
  let length = -1;
  let chunked = false;
  let keepAlive = true;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const value = rawHeaders[i + 1] as string;
    switch (lowerCaseName(rawHeaders[i] as string)) {
      case 'host':
        hosts += 1;
        if (!PLAIN_HOST.test(value)) return null;
        break;
      case 'content-length':
        if (length >= 0 || !PLAIN_LENGTH.test(value)) return null;
        length = Number(value);
        break;
      case 'transfer-encoding':
        if (chunked || value.toLowerCase() !== 'chunked') return null;
        chunked = true;
        break;
      case 'connection':
        if (namesClose(value)) keepAlive = false;
        break;
      case 'expect':
      case 'upgrade':
      case 'http2-settings':
        return null;
    }
  }
  if (hosts !== 1 || (chunked && length >= 0)) return null;
  const framing = chunked ? 'chunked' : length >= 0 ? 'length' : 'none';
  return { method, url, rawHeaders, framing, length, keepAlive };
}

/** Whether a Connection header asks for the connection to be closed (RFC 9112 9.6). */
export function namesClose(value: string): boolean {
  if (value === 'keep-alive') return false;
  return value
    .toLowerCase()
    .split(',')
    .some((token) => token.trim() === 'close');
}
