import { createHash } from 'node:crypto';
import { startRedis, type RedisServer } from '@waiter/testkit';
import { startApi, USER, type ApiUnderTest } from './testing/api-under-test';
import { peerPassword } from './authenticate/require-peer';

let redis: RedisServer;
let api: ApiUnderTest;
let open: ApiUnderTest;

beforeAll(async () => {
  redis = await startRedis();
  api = await startApi(redis.url, { 'router-cors-allowed-origins': 'https://.*\\.friend\\.example' });
  open = await startApi(redis.url, { 'router-cors-kind': 'allow-all' });
});
afterAll(async () => {
  await api.stop();
  await open.stop();
  await redis.stop();
});

const corsOf = (headers: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('access-control-')));
const origin = 'https://a.friend.example';
const ALLOWED = { 'access-control-allow-credentials': 'true', 'access-control-allow-origin': origin };
const EXPOSED = { 'access-control-expose-headers': 'etag, x-cid' };

describe('CORS of the API', () => {
  it('case 168: allow-all lets everybody in, and read what is configured', async () => {
    const reply = await open.client().get('/state').set('origin', origin).expect(200);
    expect(corsOf(reply.headers)).toEqual({ ...ALLOWED, ...EXPOSED });
    expect(reply.headers['vary']).toBe('Origin');
    const { body } = await open.client().get('/settings').expect(200);
    expect(body['cors-config']).toMatchObject({
      kind: 'allow-all',
      'exposed-headers': ['etag', 'x-cid'],
      'max-age': 3600,
    });
  });

  it.each(['get', 'post', 'options'] as const)(
    'case 168, request-path case 96: otherwise %s from a foreign origin is 403',
    async (method) => {
      for (const path of ['/state', '/token', '/apps', '/settings', '/waiter-ping', '/service-id']) {
        const request = api
          .client()
          [method](path)
          .set({ origin: 'https://example.com', accept: 'application/json' });
        const reply = await request.expect(403);
        expect(reply.body['waiter-error']).toMatchObject({
          title: 'CORS Request Forbidden',
          message: 'Cross-origin request not allowed',
        });
        expect(corsOf(reply.headers)).toEqual({});
      }
    },
  );

  it('patterns are for whole origins, and pages of the router itself may always call', async () => {
    const from = (page: string) => api.client().get('/state').set({ origin: page, host: 'localhost:9091' });
    expect(corsOf((await from(origin).expect(200)).headers)).toEqual({ ...ALLOWED, ...EXPOSED });
    await from(`${origin}.evil.example`).expect(403);
    const own = await from('http://localhost:9091').expect(200);
    expect(corsOf(own.headers)).not.toHaveProperty('access-control-expose-headers');
    await from('https://localhost:9091').expect(403);
    await from('https://localhost:9091').set('x-forwarded-proto', 'https').expect(200);
  });

  it('whoever is not known is told so first, without a word to the page', async () => {
    const headers = { origin: 'https://example.com', 'x-waiter-single-user': 'unauthorized' };
    const reply = await api.client().get('/state').set(headers).expect(401);
    expect(corsOf(reply.headers)).toEqual({});
  });

  it('endpoints for everybody do not look at origins', async () => {
    expect(
      corsOf((await api.client().get('/status').set('origin', 'https://example.com').expect(200)).headers),
    ).toEqual({});
  });

  it('request-path case 98: a preflight to the API is always allowed', async () => {
    const asked = {
      origin: 'https://foo.bar.com',
      'access-control-request-method': 'DELETE',
      'access-control-request-headers': 'x-abc',
    };
    for (const path of ['/.well-known/auth/expires-at', '/token']) {
      const reply = await api.client().options(path).set(asked).expect(200);
      expect(corsOf(reply.headers)).toEqual({
        'access-control-allow-credentials': 'true',
        'access-control-allow-headers': 'x-abc',
        'access-control-allow-methods': 'CONNECT, DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT, TRACE',
        'access-control-allow-origin': 'https://foo.bar.com',
        'access-control-max-age': '3600',
      });
      expect([reply.text, reply.headers['set-cookie']]).toEqual(['', undefined]);
    }
    const blank = await api
      .client()
      .options('/token')
      .set({ ...asked, origin: '' })
      .expect(403);
    expect(blank.text).toContain('No origin provided');
  });

  it('request-path case 102: expires-at tells pages of other origins, and needs no word to its own', async () => {
    const from = (page: string) =>
      api.client().get('/.well-known/auth/expires-at').set({ origin: page, host: 'a.example' }).expect(200);
    expect(corsOf((await from(origin)).headers)).toEqual({ ...ALLOWED, ...EXPOSED });
    expect(corsOf((await from('http://a.example')).headers)).toEqual({});
  });
});

describe('the interstitial page (case 128)', () => {
  const get = (path: string) => api.client().get(path).set('host', 'app.example');

  it('has a title and the way on, with the parameter that lets it pass as the last', async () => {
    const before = Date.now();
    const reply = await get('/waiter-interstitial/some-endpoint?a=b').expect(200);
    expect(reply.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(reply.text).toContain('<title>Waiter - Interstitial</title>');
    expect(reply.text).toContain('/some-endpoint?a=b&x-waiter-bypass-interstitial=');
    const until = Number(/x-waiter-bypass-interstitial=(\d+)/.exec(reply.text)?.[1]);
    expect(until).toBeGreaterThanOrEqual(before + 10_000);
    expect(until).toBeLessThan(Date.now() + 10_001);
    expect((await get('/waiter-interstitial/').expect(200)).text).toContain(
      '"/?x-waiter-bypass-interstitial=',
    );
    await api.client().post('/waiter-interstitial/x').expect(405);
  });

  it('escapes the path, and stays on its host', async () => {
    const { text, headers } = await get(
      '/waiter-interstitial//evil.example/%3Cb%3E?</script><script>alert(1)',
    );
    expect([...text.matchAll(/<script/g)]).toHaveLength(1);
    expect(text).toContain('location.origin + "//evil.example');
    expect(text).toContain('href="http://app.example//evil.example/');
    expect(headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'nonce-[\w-]+'/);
  });
});

describe('/tokens/refresh', () => {
  const refresh = () => api.client().post('/tokens/refresh').send({ token: 't' });
  it('is for routers, by the password of the fleet', async () => {
    const basic = (password: string): string => `Basic ${Buffer.from(`r2:${password}`).toString('base64')}`;
    await refresh()
      .set('authorization', basic(peerPassword('r2', 'r1', 'hunter2')))
      .expect(200, { success: true });
    const wrong = createHash('md5').update('r2:r1:guess').digest('hex');
    const { headers } = await refresh().set('authorization', basic(wrong)).expect(401);
    expect(headers['www-authenticate']).toBe('Basic realm="restricted area"');
  });

  it('and for nobody else, administrators among them', async () => {
    const { text, headers } = await refresh().set('accept', 'application/json').expect(401);
    expect(JSON.parse(text)['waiter-error']).toMatchObject({ status: 401, message: 'access denied' });
    expect(headers['www-authenticate']).toBe('Basic realm="restricted area"');
    await api.client().post('/apps/some-service/refresh').expect(401);
  });
});

describe('what an operator configures', () => {
  const info = [{ label: 'Us', link: { type: 'email', value: 'us@example.com' } }];
  let other: ApiUnderTest;
  beforeAll(async () => {
    other = await startApi(redis.url, {
      'router-support-info': JSON.stringify(info),
      'router-images-url': 'https://images.example',
      'cluster-by-host': JSON.stringify({ 'east.example': 'east' }),
      'marathon-urls': 'http://somebody:tiger-1@marathon.example:8080',
      'marathon-username': 'somebody',
      'marathon-password': 'tiger-2',
    });
  });
  afterAll(() => other.stop());

  it('/settings shows no password of anything, wherever it stands', async () => {
    const { text } = await other.client().get('/settings').expect(200);
    expect(text).toContain('marathon.example');
    expect(text).not.toMatch(/tiger|hunter2/);
  });

  it('case 162, request-path case 37: errors, the welcome page and /settings name the same help; errors have images', async () => {
    const { body } = await other.client().get('/404').set('accept', 'application/json').expect(404);
    expect(body['waiter-error']).toMatchObject({ message: 'Not found', 'support-info': info });
    const bad = await other.client().get('/apps/x/await/y').set('accept', 'application/json').expect(400);
    expect(bad.body['waiter-error']['image-url']).toBe('https://images.example/http-400-bad-request.png');
    const settings = (await other.client().get('/settings').expect(200)).body;
    expect(settings).toMatchObject({
      'support-info': info,
      'token-config': {
        'cluster-calculator': { configured: { 'host->cluster': { 'east.example': 'east' } } },
      },
    });
    expect((await other.client().get('/').set('accept', 'application/json')).body['support-info']).toEqual(
      info,
    );
    expect((await other.client().get('/').set('accept', 'text/html')).text).toContain('us@example.com');
  });

  it('5.6: tokens belong to the cluster whose name they are written at', async () => {
    const post = (token: string, host: string) =>
      other.client().post('/token').set('host', host).send({ token, cpus: 1 }).expect(200);
    const clusterOf = async (token: string, host = 'localhost'): Promise<unknown> =>
      (await other.client().get(`/token?token=${token}&include=metadata`).set('host', host).expect(200)).body
        .cluster;
    await post('by-east', 'east.example:9091');
    await post('by-others', 'localhost:9091');
    expect([await clusterOf('by-east'), await clusterOf('by-others')]).toEqual(['east', 'c1']);
    await other.store.tokens.write({ name: 'states-none', data: { cpus: 1, owner: USER } });
    expect(await clusterOf('states-none', 'EAST.example')).toBe('east');
  });
});
