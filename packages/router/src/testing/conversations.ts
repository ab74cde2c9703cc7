import fc from 'fast-check';
import type { Interim, ScriptedReply } from './recording-backend';
import { requestHead, type Conversation } from './two-lanes';

const NAMES = [
  'X-A',
  'x-b',
  "!#$%&'*+-.^_`|~",
  'Accept',
  'User-Agent',
  'Cookie',
  'Via',
  'TE',
  'Trailer',
  'Connection',
  'Keep-Alive',
  'Proxy-Authorization',
  'Authorization',
  'X-Forwarded-For',
  'X-Forwarded-Proto',
  'Origin',
  'Forwarded',
  'x-waiter-debug',
  'x-waiter-timeout',
  'Content-Type',
  'Content-Encoding',
  'Range',
  'Max-Forwards',
  '__proto__',
];
const name = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...NAMES) },
  { weight: 1, arbitrary: fc.string({ unit: fc.constantFrom(...'aZ09-_.~!'), minLength: 1, maxLength: 9 }) },
);
const value = fc.oneof(
  fc.constantFrom(
    '',
    'a',
    'x-a',
    'keep-alive',
    'X-A, close',
    'a=b; x-waiter-auth=c',
    'x-waiter-auth=c',
    'close',
    'trailers',
    'text/html',
    'application/json',
    'application/grpc',
    '5000',
    'https',
  ),
  fc.string({ unit: fc.constantFrom(...'abz 09,;="\t\xe9\xff'), maxLength: 12 }).map((text) => text.trim()),
);
const field = fc.tuple(name, value, fc.constantFrom('', ' ', '\t', '  '), fc.constantFrom('', ' ', ' \t'));
const piece = fc.string({ unit: fc.constantFrom(...'abc\r\n0\x00\xff'), minLength: 1, maxLength: 40 });
const pieces = fc.array(piece, { maxLength: 4 });
const trailers = fc.array(fc.tuple(fc.constantFrom('X-T', 'x-u'), fc.constantFrom('1', '', 'a b')), {
  maxLength: 2,
});

const METHODS = 'GET HEAD POST PUT DELETE PATCH OPTIONS TRACE MKCOL PROPFIND PURGE M-SEARCH'.split(' ');
const target = fc.oneof(
  fc
    .string({ unit: fc.constantFrom(...'/a.?&=%2F~|^;:@!$*(){}[]"\'\\`<>'), maxLength: 14 })
    .map((rest) => `/t${rest}`),
  fc.constantFrom(
    '//t',
    '/',
    '/?',
    '/t#f',
    '/t?a?b',
    '/%zz',
    '/t/../u',
    '*',
    'http://localhost/t?a',
    'http://localhost',
  ),
);
/** How the request says what follows it, beside its body. */
const manner = fc.oneof(
  { weight: 12, arbitrary: fc.constant({ version: '1.1', more: '' }) },
  { weight: 1, arbitrary: fc.constant({ version: '1.0', more: '' }) },
  { weight: 1, arbitrary: fc.constant({ version: '1.0', more: 'Connection: keep-alive\r\n' }) },
  { weight: 1, arbitrary: fc.constant({ version: '1.1', more: 'Expect: 100-continue\r\n' }) },
  { weight: 1, arbitrary: fc.constant({ version: '1.1', more: 'Connection: Upgrade\r\nUpgrade: h2c\r\n' }) },
);
const chunkSize = fc.constantFrom(
  (size: number) => size.toString(16),
  (size: number) => size.toString(16).toUpperCase(),
  (size: number) => `00${size.toString(16)}`,
  (size: number) => `${size.toString(16)};ext=1`,
  (size: number) => `${size.toString(16)};a="b c"`,
);
const request = fc.record({
  method: fc.constantFrom(...METHODS),
  target,
  fields: fc.array(field, { maxLength: 6 }),
  manner,
  framing: fc.constantFrom('none', 'length', 'chunked'),
  body: pieces,
  chunkSize,
  trailers,
});
type Asked = typeof request extends fc.Arbitrary<infer T> ? T : never;

function bytesOf(
  { method, target: at, fields, manner: how, framing, body, chunkSize: size, trailers: last }: Asked,
  n: number,
): string {
  const whole = body.join('');
  const framed = {
    none: '',
    length: `Content-Length: ${whole.length}\r\n`,
    chunked: 'Transfer-Encoding: chunked\r\n',
  }[framing];
  const sent = {
    none: '',
    length: whole,
    chunked: `${body.map((one) => `${size(one.length)}\r\n${one}\r\n`).join('')}0\r\n${last.map(([k, v]) => `${k}: ${v}\r\n`).join('')}\r\n`,
  }[framing];
  const lines = fields.map(([k, v, before, after]) => `${k}:${before}${v}${after}\r\n`).join('');
  return requestHead(`${method} ${at}`, `${lines}${how.more}${framed}x-reply: ${n}\r\n`, how.version) + sent;
}

// Replies

const reply: fc.Arbitrary<ScriptedReply> = fc
  .record({
    status: fc.constantFrom(
      200,
      201,
      207,
      203,
      204,
      205,
      206,
      301,
      303,
      304,
      400,
      401,
      404,
      418,
      500,
      503,
      599,
    ),
    reason: fc.constantFrom('OK', 'Something Else', ''),
    headers: fc.array(
      fc.tuple(
        fc.constantFrom(
          'X-R',
          'x-r',
          'Set-Cookie',
          'Connection',
          'Vary',
          'X-Cid',
          'Via',
          'Server',
          'Keep-Alive',
          'Location',
          'Trailer',
          'Upgrade',
          'Proxy-Authenticate',
        ),
        fc.constantFrom('a', 'x-r', 'x-waiter-auth=1', 'b; c', 'close', ''),
      ),
      { maxLength: 4 },
    ),
    framing: fc.constantFrom(
      'length' as const,
      'length' as const,
      'chunked' as const,
      'until-close' as const,
    ),
    body: pieces,
    trailers: fc.constantFrom<[string, string][]>(
      [],
      [['X-T', '1']],
      [
        ['X-T', '1'],
        ['x-t', '2'],
      ],
    ),
    interim: fc.oneof(
      { weight: 5, arbitrary: fc.constant<Interim[]>([]) },
      {
        weight: 1,
        arbitrary: fc.array(fc.constantFrom<Interim[]>('continue', 'processing', 'early-hints'), {
          maxLength: 2,
        }),
      },
    ),
    early: fc.oneof(
      { weight: 4, arbitrary: fc.constant(false) },
      { weight: 1, arbitrary: fc.constant(true) },
    ),
  })
  .map((given) => {
    const { status, framing, headers } = given;
    if (status === 204 || status === 205) return { ...given, body: [], framing: 'length' as const };
    if (status === 304) return { ...given, framing: 'length' as const };
    // Who ends the connection says so, lest a request be sent into the end.
    return framing === 'until-close'
      ? { ...given, headers: [...headers, ['Connection', 'close'] as [string, string]] }
      : given;
  });

const parts = fc.record({
  asked: fc.array(fc.tuple(request, reply), { minLength: 1, maxLength: 3 }),
  cuts: fc.array(fc.nat(1_000), { maxLength: 3 }),
  /** The last reply breaks off after so many pieces of its body. */
  breakOff: fc.oneof({ weight: 8, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.nat(2) }),
  warm: fc.constantFrom(0, 0, 3),
});

/** The bytes in packets that end at the cuts. */
function packets(text: string, cuts: readonly number[]): string[] {
  const at = [
    0,
    ...[...new Set(cuts)].filter((cut) => cut > 0 && cut < text.length).sort((a, b) => a - b),
    text.length,
  ];
  return at.slice(1).map((to, i) => text.slice(at[i], to));
}

/** What a client says on one connection, and what an instance answers to each request. */
export interface GeneratedConversation extends Conversation {
  readonly replies: readonly ScriptedReply[];
}

export const conversation: fc.Arbitrary<GeneratedConversation> = parts.map(
  ({ asked, cuts, breakOff, warm }) => {
    const pieces = packets(asked.map(([one], n) => bytesOf(one, n)).join(''), cuts);
    return {
      methods: asked.map(([{ method }]) => method),
      pieces,
      warm,
      replies: asked.map(([, one], n) => ({
        ...one,
        // What of a body comes after the response is sent on by the general lane alone.
        early: one.early === true && pieces.length === 1 && one.framing !== 'until-close',
        cutAfter: breakOff === null || n < asked.length - 1 || one.body.length === 0 ? undefined : breakOff,
      })),
    };
  },
);
