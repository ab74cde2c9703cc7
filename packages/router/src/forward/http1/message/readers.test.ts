import fc from 'fast-check';
import { BodyReader } from './body-reader';
import { HeadScanner, INCOMPLETE, MALFORMED } from './head-scanner';
import { replyHead } from './reply-head';
import { requestFields } from './request-fields';
import { MALFORMED_LINE, requestLine } from './request-line';

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');

interface Scanned {
  readonly startLine: string;
  readonly rawHeaders: readonly string[];
}

function scan(text: string): Scanned | number {
  const scanner = new HeadScanner(1_000);
  const bytes = latin1(text);
  const lineEnd = scanner.startLine(bytes, 0, bytes.length);
  if (lineEnd <= 0) return lineEnd;
  const end = scanner.fields(bytes, lineEnd, bytes.length);
  if (end <= 0) return end;
  return { startLine: text.slice(0, lineEnd - 2), rawHeaders: scanner.read(bytes, lineEnd, end) };
}

describe('head scanner (RFC 9112 2.2, 5)', () => {
  test('names and values, whitespace around values dropped', () => {
    const scanned = scan('GET / HTTP/1.1\r\nHost: a\r\nX:\t b c \t\r\nY:\r\n\r\nrest');
    expect(scanned).toMatchObject({
      startLine: 'GET / HTTP/1.1',
      rawHeaders: ['Host', 'a', 'X', 'b c', 'Y', ''],
    });
  });

  test.each([
    ['bare LF', 'GET / HTTP/1.1\nHost: a\r\n\r\n'],
    ['bare LF after a value', 'GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n'],
    ['bare CR', 'GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n'],
    ['obs-fold', 'GET / HTTP/1.1\r\nHost: a\r\n b: c\r\n\r\n'],
    ['space before the colon', 'GET / HTTP/1.1\r\nHost : a\r\n\r\n'],
    ['NUL', 'GET / HTTP/1.1\r\nHost: a\0\r\n\r\n'],
    ['no name', 'GET / HTTP/1.1\r\n: a\r\n\r\n'],
    ['no colon', 'GET / HTTP/1.1\r\nHost\r\n\r\n'],
    ['bare LF at the end', 'GET / HTTP/1.1\r\nHost: a\r\n\n'],
  ])('%s is malformed', (_name, text) => {
    expect(scan(text)).toBe(MALFORMED);
  });

  test('every beginning of a head is incomplete', () => {
    const whole = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
    for (let end = 0; end < whole.length; end += 1) expect(scan(whole.slice(0, end))).toBe(INCOMPLETE);
  });
});

describe('plain subset (RFC 9112 3, 6.3)', () => {
  const plain = (text: string) => {
    const scanned = scan(text);
    if (typeof scanned === 'number') return undefined;
    const line = requestLine(scanned.startLine);
    return line === null || line === MALFORMED_LINE ? line : requestFields(scanned.rawHeaders);
  };
  const head = (line: string, more = ''): string => `${line}\r\nHost: a\r\n${more}\r\n`;

  test.each([
    ['GET / HTTP/1.1', '', 'none', true],
    ['POST /a?b HTTP/1.1', 'Content-Length: 3\r\n', 'length', true],
    ['POST / HTTP/1.1', 'transfer-encoding: CHUNKED\r\nConnection: x, Close\r\n', 'chunked', false],
  ])('%s %s', (line, more, framing, keepAlive) => {
    expect(plain(head(line, more))).toMatchObject({ framing, keepAlive });
  });

  test.each([
    head('GET / HTTP/1.0'),
    head('GET http://a/ HTTP/1.1'),
    head('OPTIONS * HTTP/1.1'),
    head('GET /#x HTTP/1.1'),
    head('GET /\xe9 HTTP/1.1'),
    head('CONNECT a:1 HTTP/1.1'),
    head('GETT / HTTP/1.1'),
    head('GET / HTTP/1.1', 'Host: a\r\n'),
    'GET / HTTP/1.1\r\nHost: a b\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: \r\n\r\n',
    'GET / HTTP/1.1\r\nX: 1\r\n\r\n',
    head('GET / HTTP/1.1', 'Expect: 100-continue\r\n'),
    head('GET / HTTP/1.1', 'Upgrade: websocket\r\n'),
    head('GET / HTTP/1.1', 'Content-Length: 1\r\nContent-Length: 1\r\n'),
    head('GET / HTTP/1.1', 'Content-Length: 1, 1\r\n'),
    head('GET / HTTP/1.1', 'Content-Length: +1\r\n'),
    head('GET / HTTP/1.1', 'Content-Length: 1\r\nTransfer-Encoding: chunked\r\n'),
    head('GET / HTTP/1.1', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n'),
    head('GET / HTTP/1.1', 'Transfer-Encoding: gzip, chunked\r\n'),
  ])('not in it: %j', (text) => {
    expect(plain(text)).toBeNull();
  });

  test.each([
    'GET  / HTTP/1.1',
    'GET /  HTTP/1.1',
    ' GET / HTTP/1.1',
    'GET / HTTP/1.1 ',
    'GET\t/ HTTP/1.1',
    'GET /a b HTTP/1.1',
    'GET /',
    'GET',
  ])('malformed: %j', (line) => {
    expect(plain(head(line))).toBe(MALFORMED_LINE);
  });
});

test.each([
  ['HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n', null],
  ['HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n', null],
  ['HTTP/2.0 200 OK\r\n\r\n', null],
  ['HTTP/1.1 20 OK\r\n\r\n', null],
  ['HTTP/1.1 200\r\n\r\n', { framing: 'until-close', keepAlive: false }],
  ['HTTP/1.1 204 x\r\nContent-Length: 5\r\n\r\n', { framing: 'none', keepAlive: true }],
  ['HTTP/1.0 200 x\r\nContent-Length: 5\r\n\r\n', { framing: 'length', keepAlive: false }],
  ['HTTP/1.1 200 x\r\nContent-Length: 5\r\nKeep-Alive: timeout=5, max=3\r\n\r\n', { idleSeconds: 5 }],
])('reply %j', (text, expected) => {
  const scanned = scan(text);
  if (typeof scanned === 'number') throw new Error('malformed');
  const reply = replyHead(scanned.startLine, scanned.rawHeaders, false);
  if (expected === null) expect(reply).toBeNull();
  else expect(reply).toMatchObject(expected);
});

describe('chunked bodies (RFC 9112 7.1)', () => {
  function read(text: string, cuts: readonly number[], dropTrailers: boolean) {
    const reader = new BodyReader();
    reader.begin('chunked', 0, dropTrailers);
    let kept = '';
    let at = 0;
    for (const cut of [...cuts, text.length].sort((a, b) => a - b)) {
      const bytes = latin1(text.slice(at, cut));
      if (reader.done || bytes.length === 0) continue;
      const end = reader.read(bytes, 0, bytes.length);
      if (end < 0) return 'malformed';
      kept += bytes.toString('latin1', 0, reader.keptEnd);
      at += end;
      if (!reader.done) at = cut;
    }
    return { kept, end: at, done: reader.done };
  }

  test('wherever the bytes are cut: extensions go, trailers as wanted, what follows is left', () => {
    const body = '3;a=b;c="d"\r\nabc\r\n1F\r\n0123456789012345678901234567890\r\n0;z\r\n';
    const plainBody = '3\r\nabc\r\n1F\r\n0123456789012345678901234567890\r\n0\r\n';
    const trailers = 'X-Sum: 1\r\nY:\r\n';
    fc.assert(
      fc.property(fc.array(fc.nat(90), { maxLength: 8 }), fc.boolean(), (cuts, drop) => {
        const text = `${body}${trailers}\r\nGET /next`;
        expect(read(text, cuts, drop)).toEqual({
          kept: `${plainBody}${drop ? '' : trailers}\r\n`,
          end: text.length - 'GET /next'.length,
          done: true,
        });
      }),
    );
  });

  test.each([
    '\r\n',
    'g\r\n',
    '3\nabc\r\n0\r\n\r\n',
    '3 \r\nabc\r\n0\r\n\r\n',
    '3\r\nabcd\r\n0\r\n\r\n',
    '3\r\nabc\n0\r\n\r\n',
    '3;a\nb\r\nabc\r\n0\r\n\r\n',
    '0\r\nX : a\r\n\r\n',
    '0\r\n X: a\r\n\r\n',
    '0\r\nX: a\n\r\n',
    '0000000000001\r\na\r\n0\r\n\r\n',
    '-3\r\nabc\r\n0\r\n\r\n',
    '0x3\r\nabc\r\n0\r\n\r\n',
  ])('malformed: %j', (text) => {
    expect(read(text, [], true)).toBe('malformed');
  });
});
