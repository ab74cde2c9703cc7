import fc from 'fast-check';
import { rawRequest, startRedis, waitFor, type RedisServer } from '@waiter/testkit';
import { parseReplies } from '../../testing/parse-replies';
import {
  startRecordingBackend,
  type RecordingBackend,
  type ScriptedReply,
} from '../../testing/recording-backend';
import { ON_THE_FLY, startRouterUnderTest, type RouterUnderTest } from '../../testing/router-under-test';

/** The general lane is the oracle: a request looks the same to client and instance, whichever lane it takes. */
let redis: RedisServer;
let backend: RecordingBackend;
let lane: RouterUnderTest;
let general: RouterUnderTest;

beforeAll(async () => {
  redis = await startRedis();
  backend = await startRecordingBackend();
  lane = await startRouterUnderTest(redis.url, [backend.port], { lanes: { http1: true } });
  general = await startRouterUnderTest(redis.url, [backend.port], { lanes: { http1: false } });
});

afterAll(async () => {
  await Promise.all([lane.worker.close(), general.worker.close()]);
  await backend.close();
  await redis.stop();
});

const SERVICE = Object.entries(ON_THE_FLY)
  .map(([name, value]) => `${name}: ${value}\r\n`)
  .join('');
const END = `GET /end HTTP/1.1\r\nHost: localhost\r\n${SERVICE}x-cid: end\r\nConnection: close\r\n\r\n`;

const TIMES = /\d{4}-\d\d-\d\dT[\d:.]+Z/g;

/** Requests that go before, so that the connection is one that lives: the lane then reads it in another way. */
const WARM = `GET /end HTTP/1.1\r\nHost: localhost\r\n${SERVICE}x-cid: warm\r\n\r\n`;

async function through(router: RouterUnderTest, method: string, pieces: readonly string[], warm: number) {
  backend.seen = [];
  const before = Array<string>(warm).fill(WARM);
  // The answer to each has to be there before the next.
  const sent = [...before, ...pieces];
  const { text, ended } = await rawRequest(router.port, sent, {
    timeoutMs: 5_000,
    pauseMs: warm > 0 ? 12 : 2,
  });
  await waitFor('slots to be free', () => router.reservations.inUse === 0);
  return {
    replies: parseReplies(text.replace(TIMES, 'T'), [...before.map(() => 'GET'), method, 'GET']),
    ended,
    // The general lane sends pipelined requests on at once; their answers come in order.
    seen: [...backend.seen].sort((a, b) => (a.line < b.line ? -1 : 1)),
    outcome: router.reservations.outcomes.at(-1),
  };
}

async function same(
  method: string,
  request: string | readonly string[],
  end = true,
  warm = 0,
): Promise<void> {
  const list = typeof request === 'string' ? [request] : request;
  const pieces = end ? [...list.slice(0, -1), `${list.at(-1) ?? ''}${END}`] : list;
  const byLane = await through(lane, method, pieces, warm);
  const byGeneral = await through(general, method, pieces, warm);
  expect(byLane).toEqual(byGeneral);
  expect(byLane.replies.length).toBeGreaterThan(warm);
}

const head = (line: string, more = ''): string =>
  `${line} HTTP/1.1\r\nHost: localhost\r\n${SERVICE}x-cid: c\r\n${more}\r\n`;
const OK: ScriptedReply = {
  status: 200,
  reason: 'OK',
  headers: [],
  framing: 'length',
  body: ['hello'],
  trailers: [],
};

describe('corpus', () => {
  beforeEach(() => {
    backend.reply = OK;
  });

  test.each([
    ['GET', head('GET /a?b=c')],
    ['HEAD', head('HEAD /a')],
    ['POST', head('POST /a')],
    ['POST', `${head('POST /a', 'Content-Length: 5\r\n')}12345`],
    [
      'PUT',
      `${head('PUT /a', 'Transfer-Encoding: chunked\r\n')}3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX-T: 1\r\n\r\n`,
    ],
    ['DELETE', head('DELETE /a')],
    ['OPTIONS', `${head('OPTIONS /a', 'Transfer-Encoding: Chunked\r\n')}0\r\n\r\n`],
    ['PROPFIND', head('PROPFIND /a')],
    [
      'GET',
      head(
        'GET /a',
        'Cookie: x-waiter-auth=1; a=b\r\nCookie: c=d\r\nVia: 1.1 x\r\nTE: trailers\r\nX-Two: 1\r\nx-two: 2\r\n',
      ),
    ],
    [
      'GET',
      head(
        'GET /a',
        'Connection: X-Secret, keep-alive\r\nX-Secret: 1\r\nKeep-Alive: 5\r\nAuthorization: Bearer x\r\n',
      ),
    ],
    ['GET', head('GET /a', 'X-Empty:\r\nX-Space: \t a b \t\r\nX-Latin: \xe9\xff\r\n')],
    ['GET', head('GET /a', 'x-waiter-debug: 1\r\n')],
    ['GET', head('GET /a', 'x-waiter-cpus: bad\r\n')],
    [
      'POST',
      `${head('POST /a', 'x-waiter-cpus: bad\r\nContent-Length: 4\r\nAccept: application/json\r\n')}body`,
    ],
    ['GET', head('GET /a', 'x-waiter-maintenance: 1\r\n')],
    ['GET', head('GET /waiter-auth/x')],
    ['GET', head('GET /a', 'Authorization: SingleUser unauthorized\r\n')],
    ['GET', `\r\n${head('GET /a')}`],
    ['GET', head('GET http://localhost/a')],
    ['POST', `${head('POST /a', 'Expect: something\r\nContent-Length: 2\r\n')}ab`],
    ['GET', head('GET /a', 'Upgrade: h2c\r\nConnection: upgrade\r\n')],
  ])('%s %#', async (method, request) => {
    await same(method, request);
    await same(method, request, true, 3);
  });

  test.each([
    head('GET /a').replace('Host: localhost\r\n', ''),
    head('GET /a', 'Host: other\r\n'),
    head('GET /a', 'Content-Length: 1\r\nTransfer-Encoding: chunked\r\n'),
    head('GET /a', 'Content-Length: 1\r\nContent-Length: 1\r\n'),
    head('GET /a', 'Transfer-Encoding: gzip, chunked\r\n'),
    head('GET /a', 'X : 1\r\n'),
    head('GET a'),
    `${head('POST /a', 'Transfer-Encoding: chunked\r\n')}zz\r\n`,
    'nonsense\r\n\r\n',
  ])('refused %#', async (request) => {
    await same('GET', request, false);
    await same('GET', request, false, 3);
  });

  test.each<Partial<ScriptedReply>>([
    { status: 204, body: [] },
    { status: 304, body: [] },
    { framing: 'chunked', body: ['a', 'bc'], trailers: [['X-Sum', '7']] },
    { framing: 'until-close', body: ['to the end'] },
    {
      headers: [
        ['Connection', 'close, X-Hop'],
        ['X-Hop', '1'],
        ['Set-Cookie', 'x-waiter-auth=1'],
        ['Set-Cookie', 'a=b'],
        ['Via', '1.1 y'],
      ],
    },
    {
      headers: [
        ['X-Cid', 'theirs'],
        ['Server', 's'],
        ['Date', 'd'],
      ],
      reason: '',
    },
    { status: 500, reason: 'Very Bad' },
    { body: ['x'.repeat(5_000), 'y'.repeat(70_000)] },
  ])('reply %j', async (reply) => {
    for (const method of ['GET', 'HEAD']) {
      backend.reply = { ...OK, ...reply };
      await same(method, head(`${method} /a`));
      await same(method, head(`${method} /a`), true, 3);
    }
  });
});

const name = fc.constantFrom(
  'X-A',
  'x-b',
  'Accept',
  'User-Agent',
  'Cookie',
  'Via',
  'TE',
  'Trailer',
  'Connection',
  'Keep-Alive',
  'Proxy-Authorization',
  'X-Forwarded-For',
  'Origin',
  'Forwarded',
  'x-waiter-debug',
  'Content-Type',
  'Range',
);
const value = fc.oneof(
  fc.constantFrom('', 'a', 'x-a', 'keep-alive', 'a=b; x-waiter-auth=c', 'close', 'trailers', 'text/html'),
  fc.string({ unit: fc.constantFrom(...'abz 09,;="\t\xe9'), maxLength: 12 }).map((text) => text.trim()),
);
const fields = fc.array(fc.tuple(name, value), { maxLength: 6 });
const piecesOf = fc.array(fc.string({ unit: fc.constantFrom(...'abc\r\n0\xff'), maxLength: 40 }), {
  maxLength: 4,
});

test('generated requests and replies', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        method: fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'MKCOL'),
        target: fc
          .string({ unit: fc.constantFrom(...'/a.?&=%2F~|^'), maxLength: 12 })
          .map((rest) => `/t${rest}`),
        fields,
        framing: fc.constantFrom('none', 'length', 'chunked'),
        body: piecesOf,
        cut: fc.nat(300),
        warm: fc.constantFrom(0, 3),
        reply: fc.record({
          status: fc.constantFrom(200, 201, 204, 206, 301, 304, 404, 500, 503),
          reason: fc.constantFrom('OK', 'Something Else'),
          headers: fc.array(
            fc.tuple(
              fc.constantFrom('X-R', 'x-r', 'Set-Cookie', 'Connection', 'Vary', 'X-Cid', 'Via', 'Server'),
              fc.constantFrom('a', 'x-r', 'x-waiter-auth=1', 'b; c'),
            ),
            { maxLength: 4 },
          ),
          framing: fc.constantFrom('length' as const, 'chunked' as const),
          body: piecesOf,
          trailers: fc.constantFrom<[string, string][]>([], [['X-T', '1']]),
        }),
      }),
      async ({ method, target, fields: given, framing, body, cut, warm, reply }) => {
        const empty = reply.status === 204 || reply.status === 304;
        backend.reply = empty
          ? { ...reply, body: [], framing: 'length' }
          : { ...reply, body: reply.body.filter((piece) => piece !== '') };
        const pieces = body.filter((piece) => piece !== '');
        const whole = pieces.join('');
        const framed = {
          none: '',
          length: `Content-Length: ${whole.length}\r\n`,
          chunked: 'Transfer-Encoding: chunked\r\n',
        }[framing];
        const sent = {
          none: '',
          length: whole,
          chunked: `${pieces.map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`).join('')}0\r\n\r\n`,
        }[framing];
        const text =
          head(`${method} ${target}`, given.map(([n, v]) => `${n}: ${v}\r\n`).join('') + framed) + sent;
        const at = Math.min(cut, text.length);
        await same(
          method,
          [text.slice(0, at), text.slice(at)].filter((piece) => piece !== ''),
          true,
          warm,
        );
      },
    ),
    { numRuns: 120 },
  );
});
