import { lowerCaseName } from '../../../accept/exchange';
import type { Framing } from './body-reader';
import { namesClose } from '../../../accept/connection-options';

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: (.*))?$/;
const LENGTH = /^\d{1,15}$/;

/** What the response head of an instance says. Responses with the very same head share one object. */
export interface ReplyHead {
  readonly status: number;
  readonly reason: string;
  /** `1.0` or `1.1` */
  readonly httpVersion: string;
  readonly rawHeaders: readonly string[];
  readonly framing: Framing;
  readonly length: number;
  /** The connection may be used again. */
  readonly keepAlive: boolean;
  /** From `Keep-Alive: timeout`; null: nothing was said. */
  readonly idleSeconds: number | null;
  /** What of it goes to clients; made when it is first needed. */
  passed: PassedReply | undefined;
}

/** The part of a response head that is the same for every client. */
export interface PassedReply {
  /** Names and values in turn. */
  readonly headers: readonly string[];
  /** The instance stated an `x-cid` of its own. */
  readonly hasCid: boolean;
  /** Status line and `headers`. */
  readonly text: string;
  /** Their part of a line of the request log; undefined: it was not needed yet. */
  logText: string | undefined;
}

/**
 * Status line and framing of a response (RFC 9112 4, 6.3).
 * @param toHead the request was HEAD
 * @returns null: it cannot be understood, or in more than one way
 */
export function replyHead(
  startLine: string,
  rawHeaders: readonly string[],
  toHead: boolean,
): ReplyHead | null {
  const line = STATUS_LINE.exec(startLine);
  if (line === null) return null;
  const httpVersion = line[1] === '1' ? '1.1' : '1.0';
  const status = Number(line[2]);
  let length = -1;
  let chunked = false;
  let close = false;
  let keep = false;
  let idleSeconds: number | null = null;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const value = rawHeaders[i + 1] as string;
    switch (lowerCaseName(rawHeaders[i] as string)) {
      case 'content-length':
        if (length >= 0 || !LENGTH.test(value)) return null;
        length = Number(value);
        break;
      case 'transfer-encoding':
        // Another coding would have to be undone or passed on; no instance was asked for one.
        if (chunked || value.toLowerCase() !== 'chunked') return null;
        chunked = true;
        break;
      case 'connection':
        close ||= namesClose(value);
        keep ||= value.toLowerCase() === 'keep-alive';
        break;
      case 'keep-alive':
        idleSeconds = secondsOf(value);
        break;
    }
  }
  if (chunked && (length >= 0 || httpVersion === '1.0')) return null;
  const bodyless = toHead || status < 200 || status === 204 || status === 304;
  const framing: Framing = bodyless ? 'none' : chunked ? 'chunked' : length >= 0 ? 'length' : 'until-close';
  const keepAlive = framing !== 'until-close' && !close && (httpVersion === '1.1' || keep);
  return {
    status,
    reason: line[3] ?? '',
    httpVersion,
    rawHeaders,
    framing,
    length: framing === 'length' ? length : 0,
    keepAlive,
    idleSeconds,
    passed: undefined,
  };
}

function secondsOf(value: string): number | null {
  const seconds = /(?:^|[,\s])timeout=(\d{1,9})/i.exec(value)?.[1];
  return seconds === undefined ? null : Number(seconds);
}
