import { connect, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2';
import { CourierClient, startKitchen, type RunningKitchen } from '.';

interface Reply {
  readonly headers: IncomingHttpHeaders & { ':status'?: number };
  readonly trailers: IncomingHttpHeaders;
  readonly body: string;
  readonly code: number;
}

function ask(
  session: ClientHttp2Session,
  path: string,
  headers: Record<string, string> = {},
  body?: string,
  trailers: Record<string, string> = {},
): Promise<Reply> {
  return new Promise((resolve) => {
    const method = body === undefined ? 'GET' : 'POST';
    const stream = session.request(
      { ':method': method, ':path': path, ...headers },
      { endStream: body === undefined, waitForTrailers: body !== undefined },
    );
    const reply = { headers: {}, trailers: {}, body: '' };
    stream.setEncoding('utf8').on('data', (piece: string) => (reply.body += piece));
    stream.on('response', (fields) => (reply.headers = fields));
    stream.on('trailers', (fields) => (reply.trailers = { ...fields }));
    stream.on('wantTrailers', () => stream.sendTrailers(trailers));
    stream.on('error', () => undefined);
    stream.once('close', () => resolve({ ...reply, code: stream.rstCode }));
    if (body !== undefined) stream.end(body);
  });
}

describe('HTTP/2', () => {
  let kitchen: RunningKitchen;
  let session: ClientHttp2Session;
  beforeAll(async () => {
    kitchen = await startKitchen({ env: {}, http2: true });
    session = connect(`http://127.0.0.1:${kitchen.port}`);
  });
  afterAll(async () => {
    session.close();
    await kitchen.close();
  });

  it('is spoken by prior knowledge beside HTTP/1.1 on one port', async () => {
    const { headers, body } = await ask(session, '/hello');
    expect([headers[':status'], body]).toEqual([200, 'Hello World']);
    expect(await (await fetch(`http://127.0.0.1:${kitchen.port}/hello`)).text()).toBe('Hello World');
  });

  it('echoes bodies, tells of the request and its trailers', async () => {
    const echo = await ask(session, '/', { 'x-kitchen-echo': 'true' }, 'some body');
    expect(echo.body).toBe('some body');
    const { body } = await ask(session, '/request-info?a=1', { 'x-a': 'b' }, 'hello', { 'x-t': '1' });
    expect(JSON.parse(body)).toMatchObject({
      'protocol-version': 'HTTP/2.0',
      'request-length': 5,
      'request-method': 'post',
      scheme: 'http',
      trailers: { 'x-t': '1' },
      uri: '/request-info',
    });
  });

  it('sends trailers, and breaks off with a reset', async () => {
    const sent = await ask(session, '/bad-status?status=400', { 'x-kitchen-trailer-sum': '7' });
    expect([sent.headers[':status'], sent.trailers['sum']]).toEqual([400, '7']);
    const cut = await ask(session, '/chunked', { 'x-kitchen-fail-after': '5000' });
    expect([cut.headers[':status'], cut.body.length, cut.code]).toEqual([200, 5000, 2]);
  });
});

it('offers h2 by ALPN with TLS', async () => {
  const kitchen = await startKitchen({ env: {}, http2: true, tls: 'self-signed' });
  const session = connect(`https://127.0.0.1:${kitchen.port}`, { rejectUnauthorized: false });
  const { body } = await ask(session, '/request-info');
  expect(JSON.parse(body)).toMatchObject({ scheme: 'https', 'protocol-version': 'HTTP/2.0' });
  session.close();
  await kitchen.close();
});

it('has a courier, on a port of its own', async () => {
  const kitchen = await startKitchen({ env: {}, grpcPort: 0 });
  const client = await CourierClient.open(`127.0.0.1:${kitchen.grpcPort}`);
  const { answer, code } = await client.sendPackage({ id: '1', message: 'hi' });
  expect([answer, code]).toEqual([{ id: '1', message: 'hi' }, 0]);
  const failed = await client.sendPackage({ id: '2.SEND_ERROR' });
  expect([failed.code, failed.details]).toEqual([1, 'Cancelled by server']);
  expect(
    (
      await client.aggregatePackages([
        { id: '1', message: 'ab' },
        { id: '2', message: 'c' },
      ])
    ).answer,
  ).toEqual({
    packages: 2,
    characters: 3,
  });
  expect((await client.retrieveState()).answer?.calls).toMatchObject([
    { method: 'SendPackage', messages: 1 },
    { method: 'SendPackage' },
    { method: 'AggregatePackages', messages: 2, cancelled: false },
  ]);
  client.close();
  await kitchen.close();
});
