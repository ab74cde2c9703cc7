import supertest from 'supertest';
import { identityOf, type Authenticator } from '@waiter/core';
import { startRedis, type RedisServer } from '@waiter/testkit';
import { createApi } from '.';
import { startApi, type ApiUnderTest } from './testing/api-under-test';

/** Consent as users who differ give it (request-path 8.4). */
let redis: RedisServer;
let api: ApiUnderTest;
let client: ReturnType<typeof supertest>;

const byName: Authenticator = {
  kind: 'by-name',
  issuesCookies: false,
  credentials: ['x-user'],
  authenticate: ({ 'x-user': name = 'ann' }) => ({ identity: identityOf(String(name), 'by-name') }),
};

beforeAll(async () => {
  redis = await startRedis();
  api = await startApi(redis.url);
  client = supertest(createApi({ ...api.deps, authenticator: byName }));
});
afterAll(async () => {
  await api.stop();
  await redis.stop();
});

const HOST = 'ask.example';
const write = (more: object = {}, name = HOST) =>
  api.store.tokens.write({
    name,
    data: {
      ...{ cmd: 'serve </pre>', cpus: 1, mem: 64, version: '7', name: 'asks', owner: 'olga' },
      ...{ 'last-update-time': Date.now(), ...more },
    },
  });
beforeEach(() => write());

const OWN = { origin: `http://${HOST}`, referer: `http://${HOST}/waiter-consent/x` };
const ASKED = { 'x-requested-with': 'XMLHttpRequest' };
type Headers = Readonly<Record<string, string>>;
const agree = (fields: Headers, headers: Headers = { ...OWN, ...ASKED }) => {
  const request = client.post('/waiter-consent').set({ host: HOST, ...headers });
  for (const [name, value] of Object.entries(fields)) void request.field(name, value);
  return request;
};
const page = (path = '/waiter-consent/x', headers: Headers = {}) =>
  client.get(path).set({ host: HOST, ...headers });
const offered = async (headers: Headers = {}): Promise<string> => {
  const { text } = await page('/waiter-consent/x', headers).expect(200);
  return /name="service-id"\s+value="([^"]+)"/.exec(text)?.[1] ?? '';
};
const cookieOf = (reply: { readonly headers: Record<string, unknown> }): string =>
  String([reply.headers['set-cookie']].flat()[0]);
const sent = (line: string): string => line.split(';', 1)[0] ?? '';

describe('the page (case 127)', () => {
  it('names what would run, as whom, and the service to agree to', async () => {
    const reply = await page('/waiter-consent/hello-world?a=b&c=%22').expect(200);
    expect(reply.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(reply.text).toContain('<title>Run Web App? - Waiter</title>');
    expect(reply.text).toMatch(/name="service-id"\s+value="waiter-service-asks-[0-9a-f]{32}"/);
    expect(reply.text).toContain('serve &lt;/pre&gt;');
    for (const shown of ['olga', 'ann', '90 days']) expect(reply.text).toContain(shown);
    expect(reply.text).toContain(`"http://${HOST}/hello-world?a=b&c=%22"`);
    expect(reply.headers['x-frame-options']).toBe('DENY');
    expect(reply.headers['content-security-policy']).toContain("frame-ancestors 'none'");
  });

  it('escapes what comes from outside', async () => {
    await write({ owner: '<img src=x onerror=alert(1)>', version: '"><script>' });
    const { text } = await page('/waiter-consent/%3C/script%3E?</script><script>alert(1)').expect(200);
    expect(text).not.toMatch(/<img|alert\(1\)<|"><script>|<\/script><script>/);
    expect([...text.matchAll(/<script/g)]).toHaveLength(1);
  });

  it('leads past the interstitial page where the service has one', async () => {
    await write({ 'interstitial-secs': 5 });
    const { text } = await page('/waiter-consent/hello').expect(200);
    expect(text).toMatch(new RegExp(`"http://${HOST}/hello\\?x-waiter-bypass-interstitial=\\d{13}"`));
  });

  it('is not for unknown hosts, other methods, or tokens that name whom to run as', async () => {
    expect((await page('/waiter-consent/x', { host: 'unknown.example' }).expect(404)).text).toContain(
      'Unable to load description for token',
    );
    expect((await client.post('/waiter-consent/x').set('host', HOST).expect(405)).text).toContain(
      'Only GET supported',
    );
    await page('/waiter-consent/').expect(200);
    await page('/waiter-consent').expect(405);
    await write({ 'run-as-user': 'bob' });
    const { headers } = await page('/waiter-consent//evil.example/x?a').expect(303);
    expect(headers['location']).toBe(`http://${HOST}//evil.example/x?a`);
  });

  it('says what is wrong with a token that makes no service', async () => {
    await write({ cpus: -1 });
    expect((await page().expect(400)).text).toContain('cpus must be a positive number');
  });
});

describe('agreeing (case 127)', () => {
  it('sets a cookie for the service, which tells of itself', async () => {
    const serviceId = await offered();
    const reply = await agree({ mode: 'service', 'service-id': serviceId }).expect(
      200,
      'Added cookie x-waiter-consent',
    );
    const line = cookieOf(reply);
    expect(line).toMatch(/^x-waiter-consent=[\w-]+;Max-Age=7776000;Path=\/;HttpOnly=true$/);
    const { body } = await client.get('/waiter-consent-cookie').set('cookie', sent(line)).expect(200);
    expect(body['x-waiter-consent']).toEqual({
      'raw-content': ['service', expect.any(Number), serviceId],
      'formatted-content': {
        mode: 'service',
        'issue-time': expect.stringMatching(/Z$/),
        'service-id': serviceId,
      },
    });
  });

  it('sets a cookie for the token, which the service id follows through its versions', async () => {
    const line = cookieOf(await agree({ mode: 'token' }).expect(200));
    const { body } = await client.get('/waiter-consent-cookie').set('cookie', sent(line)).expect(200);
    expect(body['x-waiter-consent']).toMatchObject({
      'raw-content': ['token', expect.any(Number), HOST, 'olga'],
      'formatted-content': { mode: 'token', owner: 'olga', token: HOST },
    });
    const idOf = async () => (await client.get('/service-id').set({ host: HOST, cookie: sent(line) })).text;
    const first = await idOf();
    expect(first).toBe(await offered());
    await write({ version: '8', 'fallback-period-secs': 0 });
    expect(await idOf()).toBe(await offered());
    expect(await idOf()).not.toBe(first);
  });

  it('is worth nothing to another user', async () => {
    const line = cookieOf(await agree({ mode: 'token' }).expect(200));
    const headers = { host: HOST, cookie: sent(line), 'x-user': 'ben' };
    expect((await client.get('/service-id').set(headers).expect(303)).headers['location']).toBe(
      '/waiter-consent/service-id',
    );
    expect((await client.get('/waiter-consent-cookie').set(headers).expect(200)).body).toEqual({
      'x-waiter-consent': { 'raw-content': null },
    });
    expect(await offered({ 'x-user': 'ben' })).not.toBe(await offered());
  });

  it('takes a form that is not multipart as well', async () => {
    await client
      .post('/waiter-consent')
      .set({ host: HOST, ...OWN, ...ASKED })
      .type('form')
      .send('mode=token')
      .expect(200);
  });
});

describe('case 208: what a consent POST refuses', () => {
  it.each<[string, Headers, Headers, string]>([
    [
      'a page of another origin',
      { mode: 'token' },
      { ...ASKED, origin: 'http://evil.example' },
      'Origin is not the same as the host',
    ],
    [
      'a page of another scheme',
      { mode: 'token' },
      { ...ASKED, origin: `https://${HOST}` },
      'Origin is not the same as the host',
    ],
    [
      'another referer',
      { mode: 'token' },
      { ...ASKED, ...OWN, referer: `http://${HOST}.evil.example/` },
      'Referer does not start with origin',
    ],
    ['no script', { mode: 'token' }, OWN, 'Header x-requested-with does not match expected value'],
    [
      'another script',
      { mode: 'token' },
      { ...OWN, 'x-requested-with': 'curl' },
      'Header x-requested-with does not match expected value',
    ],
    ['no mode', { 'service-id': 'x' }, { ...OWN, ...ASKED }, 'Missing or invalid mode'],
    ['another mode', { mode: 'all' }, { ...OWN, ...ASKED }, 'Missing or invalid mode'],
    ['no service', { mode: 'service' }, { ...OWN, ...ASKED }, 'Missing service-id'],
    [
      'another service',
      { mode: 'service', 'service-id': 'waiter-service-other' },
      { ...OWN, ...ASKED },
      'Invalid service-id for specified token',
    ],
    [
      'an unknown token',
      { mode: 'token' },
      { ...ASKED, host: 'unknown.example' },
      'Unable to load description for token',
    ],
  ])('%s', async (_what, fields, headers, message) => {
    const reply = await agree(fields, headers).expect(400);
    expect(reply.text).toContain(message);
    expect(reply.headers).not.toHaveProperty('set-cookie');
  });

  it('other methods, and bodies that are no form', async () => {
    expect((await client.get('/waiter-consent').set('host', HOST).expect(405)).text).toContain(
      'Only POST supported',
    );
    await client
      .post('/waiter-consent')
      .set({ host: HOST, ...OWN, ...ASKED })
      .type('json')
      .send({ mode: 'token' })
      .expect(400);
  });

  it('but not a client that states no origin', async () => {
    await agree({ mode: 'token' }, ASKED).expect(200);
  });
});
