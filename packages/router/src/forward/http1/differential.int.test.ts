import { rawRequest, startRedis, waitFor } from '@waiter/testkit';
import type { ScriptedReply } from '../../testing/recording-backend';
import { requestHead as head, TwoLanes } from '../../testing/two-lanes';

/** The general lane is the oracle: a request looks the same to client and instance, whichever lane it takes. */
let lanes: TwoLanes;

beforeAll(async () => {
  lanes = await TwoLanes.start({ redis: await startRedis(), rawRequest, waitFor });
});
afterAll(() => lanes.close());

async function same(
  method: string,
  request: string | readonly string[],
  end = true,
  warm = 0,
): Promise<void> {
  const pieces = typeof request === 'string' ? [request] : request;
  const { lane, general } = await lanes.both({ methods: [method], pieces, end, warm });
  expect(lane).toEqual(general);
  expect(lane.replies.length).toBeGreaterThan(warm);
}

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
    lanes.backend.reply = OK;
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
    { framing: 'until-close', body: ['to the end'], headers: [['Connection', 'close']] },
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
      lanes.backend.reply = { ...OK, ...reply };
      await same(method, head(`${method} /a`));
      await same(method, head(`${method} /a`), true, 3);
    }
  });

  test.each([
    `${head('POST /a', 'Content-Length: 10\r\n')}12345`,
    `${head('PUT /a', 'Transfer-Encoding: chunked\r\n')}5\r\n12345\r\n`,
    `${head('PUT /a', 'Transfer-Encoding: chunked\r\n')}5\r\n123`,
    `${head('POST /a', 'Expect: 100-continue\r\nContent-Length: 10\r\n')}12345`,
    `${head('POST /a', 'Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 10\r\n')}12345`,
    `${head('POST /a', 'Content-Length: 10\r\n', '1.0')}12345`,
  ])('a client that leaves in the middle of its upload %#', async (request) => {
    const { lane, general } = await lanes.bothLeaving(request);
    expect(lane).toEqual(general);
    expect(lane.map(({ line }) => line)).toEqual([expect.stringMatching(/^aborted: P/)]);
  });
});
