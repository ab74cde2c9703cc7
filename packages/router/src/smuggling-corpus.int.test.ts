import { createServer, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import { rawRequest, startRedis, type RedisServer } from '@waiter/testkit';
import { ON_THE_FLY, startRouterUnderTest, type RouterUnderTest } from './testing/router-under-test';

/**
 * Ways to write Transfer-Encoding and Content-Length that servers are known to read differently, each next to a body that means
 * one thing by length and another by chunks. What arrives at the instance is read by the letter of RFC 9112: it must be
 * exactly one request, framed in one way.
 */
const SERVICE = Object.entries(ON_THE_FLY)
  .map(([name, value]) => `${name}: ${value}\r\n`)
  .join('');
const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n';

const CONTROLS = [0x00, 0x01, 0x04, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x1f, 0x20, 0x7f, 0x85, 0xa0, 0xff];
const char = (code: number): string => String.fromCharCode(code);
const hex = (code: number): string => `0x${code.toString(16).padStart(2, '0')}`;

/** Header lines that say chunked, nearly. */
const TRANSFER_ENCODINGS: readonly (readonly [string, string])[] = [
  ...CONTROLS.flatMap((code): [string, string][] => [
    [`${hex(code)} before the name`, `${char(code)}Transfer-Encoding: chunked`],
    [`${hex(code)} after the name`, `Transfer-Encoding${char(code)}: chunked`],
    [`${hex(code)} before the value`, `Transfer-Encoding:${char(code)}chunked`],
    [`${hex(code)} after the value`, `Transfer-Encoding: chunked${char(code)}`],
    [`${hex(code)} in the name`, `Transfer${char(code)}Encoding: chunked`],
    [`${hex(code)} ends the line before`, `X: y${char(code)}Transfer-Encoding: chunked`],
    [`${hex(code)} in the value`, `Transfer-Encoding: chu${char(code)}nked`],
  ]),
  ['quoted', 'Transfer-Encoding: "chunked"'],
  ['single quotes', "Transfer-Encoding: 'chunked'"],
  ['upper case', 'TRANSFER-ENCODING: CHUNKED'],
  ['mixed case', 'tRaNsFeR-eNcOdInG: cHuNkEd'],
  ['underscore', 'Transfer_Encoding: chunked'],
  ['no space', 'Transfer-Encoding:chunked'],
  ['two spaces', 'Transfer-Encoding:  chunked'],
  ['tab', 'Transfer-Encoding:\tchunked'],
  ['space at the end', 'Transfer-Encoding: chunked '],
  ['folded', 'Transfer-Encoding:\r\n chunked'],
  ['folded, tab', 'Transfer-Encoding:\r\n\tchunked'],
  ['folded name', 'Transfer-Encoding\r\n : chunked'],
  ['folded onto another header', 'X: y\r\n Transfer-Encoding: chunked'],
  ['identity', 'Transfer-Encoding: identity'],
  ['identity after chunked', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity'],
  ['identity before chunked', 'Transfer-Encoding: identity\r\nTransfer-Encoding: chunked'],
  ['chunked twice', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked'],
  ['list with identity', 'Transfer-Encoding: identity, chunked'],
  ['list, chunked first', 'Transfer-Encoding: chunked, identity'],
  ['list with gzip', 'Transfer-Encoding: gzip, chunked'],
  ['list with empty parts', 'Transfer-Encoding: , chunked'],
  ['comma at the end', 'Transfer-Encoding: chunked,'],
  ['parameter', 'Transfer-Encoding: chunked;q=1'],
  ['chunk', 'Transfer-Encoding: chunk'],
  ['chunked-ish', 'Transfer-Encoding: xchunked'],
  ['cow', 'Transfer-Encoding: cow'],
  ['empty', 'Transfer-Encoding:'],
  ['two colons', 'Transfer-Encoding:: chunked'],
  ['other name in front', 'Foo: bar\r\nTransfer-Encoding : chunked'],
  ['TE', 'TE: chunked'],
  ['Content-Encoding', 'Content-Encoding: chunked'],
  ['non-ASCII k', 'Transfer-Encoding: chun\u00e9ked'],
  ['named by Connection', 'Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked'],
  ['in Trailer', 'Trailer: Transfer-Encoding'],
];

const CONTENT_LENGTHS: readonly (readonly [string, string])[] = [
  ...CONTROLS.flatMap((code): [string, string][] => [
    [`${hex(code)} before the value`, `Content-Length:${char(code)}6`],
    [`${hex(code)} after the value`, `Content-Length: 6${char(code)}`],
    [`${hex(code)} in the value`, `Content-Length: 6${char(code)}0`],
    [`${hex(code)} after the name`, `Content-Length${char(code)}: 6`],
  ]),
  ['plus', 'Content-Length: +6'],
  ['minus', 'Content-Length: -6'],
  ['minus zero', 'Content-Length: -0'],
  ['hexadecimal', 'Content-Length: 0x6'],
  ['octal', 'Content-Length: 0o6'],
  ['fraction', 'Content-Length: 6.0'],
  ['exponent', 'Content-Length: 6e0'],
  ['leading zeros', 'Content-Length: 006'],
  ['underscore', 'Content-Length: 6_0'],
  ['list, same', 'Content-Length: 6, 6'],
  ['list, other', 'Content-Length: 6, 0'],
  ['twice, same', 'Content-Length: 6\r\nContent-Length: 6'],
  ['twice, other', 'Content-Length: 6\r\nContent-Length: 0'],
  ['twice, other case', 'Content-Length: 6\r\ncontent-length: 0'],
  ['empty', 'Content-Length:'],
  ['word', 'Content-Length: six'],
  ['2^64 + 6', 'Content-Length: 18446744073709551622'],
  ['2^53', 'Content-Length: 9007199254740993'],
  ['folded', 'Content-Length:\r\n 6'],
  ['parameter', 'Content-Length: 6;x'],
  ['quoted', 'Content-Length: "6"'],
];

/** A request as the strictest reader sees it; null: not all of it is there, or it is no request. */
function readRequest(text: string): { target: string; rest: string } | null {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return null;
  const [line = '', ...lines] = text.slice(0, end).split('\r\n');
  const target = /^[A-Z]+ (\S+) HTTP\/1\.1$/.exec(line)?.[1];
  if (target === undefined) throw new Error(`no request line: ${JSON.stringify(line)}`);
  const lengths: string[] = [];
  const codings: string[] = [];
  for (const header of lines) {
    const [, name, value = ''] =
      /^([!#$%&'*+.^_`|~\w-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*$/.exec(header) ?? [];
    if (name === undefined) throw new Error(`no header line: ${JSON.stringify(header)}`);
    if (name.toLowerCase() === 'content-length') lengths.push(value);
    if (name.toLowerCase() === 'transfer-encoding') codings.push(value);
  }
  if (lengths.length + codings.length > 1) throw new Error(`two framings: ${JSON.stringify(lines)}`);
  let body = text.slice(end + 4);
  if (codings.length === 1) {
    if (codings[0]?.toLowerCase() !== 'chunked') throw new Error(`unknown coding ${String(codings[0])}`);
    for (;;) {
      const [size] = /^[0-9a-f]+(?:;[^\r\n]*)?\r\n/i.exec(body) ?? [];
      if (size === undefined) return null;
      const bytes = parseInt(size, 16);
      body = body.slice(size.length + bytes);
      if (!body.startsWith('\r\n')) return null;
      body = body.slice(2);
      if (bytes === 0) return { target, rest: body };
    }
  }
  const [length = '0'] = lengths;
  if (!/^\d+$/.test(length)) throw new Error(`odd length ${length}`);
  return body.length < Number(length) ? null : { target, rest: body.slice(Number(length)) };
}

let redis: RedisServer;
let router: RouterUnderTest;
let backend: Server;
/** What came over each connection. */
let connections: string[] = [];

beforeAll(async () => {
  backend = createServer((socket) => {
    const index = connections.push('') - 1;
    socket.on('error', () => undefined).setEncoding('latin1');
    socket.on('data', (piece: string) => {
      connections[index] += piece;
      if (readRequest(connections[index] ?? '') !== null) {
        socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok');
      }
    });
  });
  await new Promise<void>((resolve) => backend.listen(0, '127.0.0.1', resolve));
  redis = await startRedis();
  router = await startRouterUnderTest(redis.url, [(backend.address() as AddressInfo).port]);
});

beforeEach(() => {
  connections = [];
});

afterAll(async () => {
  await router.worker.close();
  await new Promise((resolve) => backend.close(resolve));
  await redis.stop();
});

/** By length 6 bytes of body, by chunks none: what is left over differs. */
const BODIES = {
  'CL.TE': '0\r\n\r\nG',
  'TE.CL': `${SMUGGLED.length.toString(16)}\r\n${SMUGGLED}\r\n0\r\n\r\n`,
};

async function check(headers: string, body: string): Promise<void> {
  const bytes = `POST /a HTTP/1.1\r\nHost: localhost\r\n${SERVICE}${headers}\r\n\r\n${body}`;
  const { text } = await rawRequest(router.port, bytes, { timeoutMs: 150, until: /\r\n\r\n/ });
  if (text !== '') expect(text).toMatch(/^HTTP\/1\.1 (?:200|400|501) /);
  if (!text.startsWith('HTTP/1.1 200')) return;
  // One connection, one request, nothing after it: so no reader finds another request in it.
  expect(connections).toHaveLength(1);
  expect(readRequest(connections[0] ?? '')).toEqual({ target: '/a', rest: '' });
}

describe.each(Object.entries(BODIES))('%s', (_class, body) => {
  test.each(TRANSFER_ENCODINGS)('Transfer-Encoding, %s', async (_name, line) => {
    for (const length of [6, body.length]) {
      connections = [];
      await check(`Content-Length: ${length}\r\n${line}`, body);
      connections = [];
      await check(`${line}\r\nContent-Length: ${length}`, body);
    }
    connections = [];
    await check(line, body);
  });
});

test.each(CONTENT_LENGTHS)('Content-Length, %s', async (_name, line) => {
  await check(line, `abcdef${SMUGGLED}`);
  connections = [];
  await check(`${line}\r\nTransfer-Encoding: chunked`, BODIES['CL.TE']);
});
