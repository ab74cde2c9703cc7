import { sortedLines } from './recording-backend';

/** A response as a client understands it. */
export interface ParsedReply {
  readonly line: string;
  readonly headers: readonly string[];
  readonly body: string;
  readonly trailers: readonly string[];
}

/** Sealed anew each second. */
const COOKIE = /^(x-waiter-auth|x-auth-expires-at)=[^;]+/;
const CHANGING = /^(?:x-cid|date|x-waiter-(?:request-id|.*-ns|request-date|router-id))$/i;

const INTERIM = /^HTTP\/1\.1 1\d\d /;

function headLines(text: string): string[] {
  return text === ''
    ? []
    : text
        .split('\r\n')
        .flatMap((line) => [
          line.split(':')[0] ?? '',
          line.replace(/^[^:]*: ?/, '').replace(COOKIE, '$1=...'),
        ]);
}

/**
 * Responses on one connection, in a form that can be compared: without what differs each time, chunks joined.
 * @param methods of the requests, in their order
 */
export function parseReplies(text: string, methods: readonly string[]): ParsedReply[] {
  const replies: ParsedReply[] = [];
  const expected = [...methods];
  let rest = text;
  while (expected.length > 0 && rest !== '') {
    const method = expected.shift();
    const end = rest.indexOf('\r\n\r\n');
    if (end < 0) return [...replies, { line: `incomplete: ${rest}`, headers: [], body: '', trailers: [] }];
    const [line = '', ...fields] = rest.slice(0, end).split('\r\n');
    const raw = headLines(fields.join('\r\n'));
    const headers = sortedLines(raw.filter((_, i) => !CHANGING.test(raw[i - (i % 2)] ?? '')));
    rest = rest.slice(end + 4);
    const status = Number(line.split(' ')[1]);
    if (INTERIM.test(line)) {
      expected.unshift(method ?? '');
      replies.push({ line, headers, body: '', trailers: [] });
      continue;
    }
    let body = '';
    let trailers: string[] = [];
    const length = Number(headers.find((h) => h.startsWith('content-length:'))?.split(': ')[1] ?? 0);
    if (method !== 'HEAD' && status !== 204 && status !== 304) {
      if (headers.some((h) => h === 'transfer-encoding: chunked')) {
        for (;;) {
          const mark = rest.indexOf('\r\n');
          const size = parseInt(rest.slice(0, mark), 16);
          if (mark < 0 || Number.isNaN(size)) break;
          if (size === 0) {
            const [fields] = rest.slice(mark + 2).split(/(?<=^|\r\n)\r\n/, 1);
            trailers = sortedLines(headLines((fields ?? '').replace(/\r\n$/, '')));
            rest = rest.slice(mark + 2 + (fields ?? '').length + 2);
            break;
          }
          body += rest.slice(mark + 2, mark + 2 + size);
          rest = rest.slice(mark + 4 + size);
        }
      } else {
        body = rest.slice(0, length);
        rest = rest.slice(length);
      }
    }
    replies.push({ line, headers, body, trailers });
  }
  if (rest !== '') replies.push({ line: `more: ${rest}`, headers: [], body: '', trailers: [] });
  return replies;
}
