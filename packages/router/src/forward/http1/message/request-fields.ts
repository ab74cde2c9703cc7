import type { HeaderMap } from '@waiter/core';
import { foldHeaders, lowerCaseName } from '../../../accept/exchange';
import type { Decision } from '../admission/warm-admissions';
import type { Framing } from './body-reader';
import { namesClose } from '../../../accept/connection-options';

/** One host with or without port (RFC 9110 7.2, RFC 3986 3.2.2); no list, no user, no space. */
const PLAIN_HOST = /^[\w.~!$&'()*+;=:[\]%-]+$/;
const PLAIN_LENGTH = /^\d{1,15}$/;

/** The header lines of a plain request. Requests of one connection with the very same lines share one object. */
export class RequestFields {
  private folded: HeaderMap | undefined;
  /** `x-cid`; empty: there is none. */
  readonly cid: string;
  /** There is an `x-waiter-debug`, whatever it says. */
  readonly debug: boolean;
  readonly hasBody: boolean;
  // What others work out of them, once for all requests that share them; undefined: it was not needed yet.
  /** What goes on to the instance. */
  passedText: string | undefined;
  /** Their part of a line of the request log. */
  logText: string | undefined;
  /** The end of the request id in it, with its quotation mark. */
  requestIdEnd: string | undefined;
  /** See `WarmAdmissions`. */
  warmKey: string | null | undefined;
  decision: Decision | undefined;

  constructor(
    /** Names and values in turn, as they arrived. */
    readonly raw: readonly string[],
    readonly framing: Framing,
    readonly length: number,
    readonly keepAlive: boolean,
  ) {
    const { headers } = this;
    this.cid = headers['x-cid'] ?? '';
    this.debug = headers['x-waiter-debug'] !== undefined;
    this.hasBody = framing === 'chunked' || length > 0;
  }

  /** By lower-case names, repeated ones folded. */
  get headers(): HeaderMap {
    return (this.folded ??= foldHeaders(this.raw));
  }
}

/**
 * The plain subset of HTTP/1.1 (RFC 9112 6.3): exactly one well-formed Host, and a body framed by one Content-Length, or
 * by chunked alone, or none. Upgrades and expectations are not in it.
 * @returns null: the general lane serves it, or refuses it in words
 */
export function requestFields(raw: readonly string[]): RequestFields | null {
  let hosts = 0;
  let length = -1;
  let chunked = false;
  let keepAlive = true;
  for (let i = 0; i < raw.length; i += 2) {
    const value = raw[i + 1] as string;
    switch (lowerCaseName(raw[i] as string)) {
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
  return new RequestFields(raw, framing, Math.max(0, length), keepAlive);
}
