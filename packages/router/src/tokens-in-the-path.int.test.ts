import {
  AuthCookies,
  ConsentCookies,
  DEFAULT_CORS,
  identityOf,
  systemClock,
  type Authenticator,
  type Consent,
  type Json,
} from '@waiter/core';
import { startKitchen, type RunningKitchen } from '@waiter/kitchen';
import { Store } from '@waiter/store';
import { rawRequest, startRedis, waitFor, type RedisServer } from '@waiter/testkit';
import { call, type CallOptions, type CallReply } from './testing/call';
import { authCookie, startRouterUnderTest, type RouterUnderTest } from './testing/router-under-test';

/** What tokens demand of the requests that come through them (request-path 8.1 to 8.4, 9.9). */
let redis: RedisServer;
let store: Store;
let kitchen: RunningKitchen;
let router: RouterUnderTest;

/** Everybody is who he says he is; some time passes before that is believed. */
const byName: Authenticator = {
  kind: 'by-name',
  issuesCookies: false,
  credentials: ['x-user'],
  authenticate: async ({ 'x-user': name }) => {
    await new Promise((resolve) => setTimeout(resolve, 2));
    return typeof name === 'string'
      ? { identity: identityOf(`${name}@EXAMPLE`, 'by-name') }
      : { status: 401, headers: { 'www-authenticate': 'Name' } };
  },
};

beforeAll(async () => {
  redis = await startRedis();
  store = await Store.open({ url: redis.url, cluster: 'test' });
  kitchen = await startKitchen({ env: {} });
  router = await startRouterUnderTest(redis.url, [kitchen.port], {}, { authenticator: byName });
});
afterAll(async () => {
  await router.worker.close();
  await kitchen.close();
  await store.close();
  await redis.stop();
});

let names = 0;
const nextHost = (): string => `t${(names += 1)}.example`;
const write = async (name: string, more: Record<string, Json> = {}): Promise<string> => {
  const data = {
    ...{ cmd: 'serve', cpus: 1, mem: 64, version: '1', 'permitted-user': '*', 'run-as-user': 'bob' },
    ...{ name, owner: 'owner', 'last-update-time': Date.now(), ...more },
  };
  await store.tokens.write({ name, data });
  return name;
};
const newToken = (more: Record<string, Json> = {}): Promise<string> => write(nextHost(), more);

const ask = (host: string, path: string, options: CallOptions = {}): Promise<CallReply> =>
  call(router.port, { ...options, path, headers: { host, 'x-user': 'ann', ...options.headers } });
const isOurs = ({ headers }: CallReply): boolean => String(headers['server'] ?? '').startsWith('waiter/');
const corsOf = ({ headers }: CallReply): Record<string, unknown> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('access-control-')));

describe('https-redirect', () => {
  test.each([
    ['GET', 301],
    ['HEAD', 301],
    ['POST', 307],
    ['PUT', 307],
  ])('case 88: %s is redirected with %i, before anybody is authenticated', async (method, status) => {
    const host = await newToken({ 'https-redirect': true });
    const reply = await ask(`${host}:8080`, '/request-info?a=b', { method, headers: { 'x-user': [] } });
    expect([reply.status, reply.headers['location'], reply.text, isOurs(reply)]).toEqual([
      status,
      `https://${host}/request-info?a=b`,
      '',
      true,
    ]);
  });

  test('what came by https is served; headers ask in vain for a redirect', async () => {
    const host = await newToken({ 'https-redirect': true });
    const secure = await ask(host, '/hello', { headers: { 'x-forwarded-proto': 'https' } });
    expect([secure.status, secure.text]).toEqual([200, 'Hello World']);
  });
});

test('case 91: maintenance comes before everything else, and ends with the next version', async () => {
  const message = 'back <soon> && "well"';
  const host = await newToken({
    maintenance: { message },
    'https-redirect': true,
    'interstitial-secs': 60,
    'run-as-user': '*',
  });
  for (const method of ['GET', 'POST']) {
    const plain = await ask(host, '/hello', { method, headers: { 'x-user': [] } });
    expect([plain.status, isOurs(plain)]).toEqual([503, true]);
    expect(plain.text).toContain(message);
  }
  const html = await ask(host, '/hello', { headers: { accept: 'text/html' } });
  expect(html.text).toContain('back &lt;soon&gt; &amp;&amp; &quot;well&quot;');
  const json = await ask(host, '/hello', { headers: { accept: 'application/json' } });
  expect(JSON.parse(json.text)['waiter-error']).toMatchObject({
    status: 503,
    title: 'Service in Maintenance',
    details: { 'error-class': 'waiter.Maintenance', token: host, name: host, 'token-owner': 'owner' },
  });
  await write(host);
  expect((await ask(host, '/hello')).text).toBe('Hello World');
});

describe('CORS by the token (services-and-tokens case 129)', () => {
  const origin = 'https://page.example.com';
  const preflight = (host: string, path: string, from = origin, method = 'GET'): Promise<CallReply> =>
    ask(host, path, {
      method: 'OPTIONS',
      headers: {
        'x-user': [],
        origin: from,
        'access-control-request-method': method,
        'access-control-request-headers': 'x-a, x-b',
      },
    });

  test('case 97: without rules only the same origin may call', async () => {
    const host = await newToken();
    for (const method of ['GET', 'POST', 'OPTIONS']) {
      const reply = await ask(host, '/hello', { method, headers: { origin, accept: 'application/json' } });
      expect([reply.status, isOurs(reply), corsOf(reply)]).toEqual([403, true, {}]);
      expect(JSON.parse(reply.text)['waiter-error']).toMatchObject({
        title: 'CORS Request Forbidden',
        message: 'Cross-origin request not allowed',
        details: { 'error-cause': 'cors-error', 'cors-checks': expect.any(Array) },
      });
    }
    expect((await preflight(host, '/hello')).status).toBe(403);
    const same = await ask(host, '/hello', { headers: { origin: `http://${host}` } });
    expect(same.status).toBe(200);
    const behind = { 'x-forwarded-proto': 'https', origin: `https://${host}` };
    expect((await ask(host, '/hello', { headers: behind })).status).toBe(200);
  });

  test('case 97: rules for the whole origin, and the whole path', async () => {
    const host = await newToken({
      'cors-rules': [{ 'origin-regex': '.*\\.example\\.com', 'target-path-regex': '/request-info' }],
    });
    const reply = await ask(host, '/request-info?x=/hello', { headers: { origin } });
    expect([reply.status, isOurs(reply)]).toEqual([200, false]);
    expect(corsOf(reply)).toEqual({
      'access-control-allow-credentials': 'true',
      'access-control-allow-origin': origin,
    });
    expect(reply.headers['vary']).toBe('Origin');
    expect((await ask(host, '/hello', { headers: { origin } })).status).toBe(403);
    expect((await ask(host, '/request-info/x', { headers: { origin } })).status).toBe(403);
    for (const other of ['https://page.example.com.evil', 'null', '']) {
      expect((await ask(host, '/request-info', { headers: { origin: other } })).status).toBe(403);
    }
    expect((await ask(host, '/hello')).headers).not.toHaveProperty('vary');
  });

  test('case 97: a preflight without methods in the rule names all methods', async () => {
    const host = await newToken({ 'cors-rules': [{ 'origin-regex': '.*' }] });
    const reply = await preflight(host, '/hello');
    expect([reply.status, reply.text, isOurs(reply)]).toEqual([200, '', true]);
    expect(corsOf(reply)).toEqual({
      'access-control-allow-credentials': 'true',
      'access-control-allow-headers': 'x-a, x-b',
      'access-control-allow-methods': 'CONNECT, DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT, TRACE',
      'access-control-allow-origin': origin,
      'access-control-max-age': '3600',
    });
    expect(router.reservations.inUse).toBe(0);
  });

  test('case 97: methods of a rule, of which OPTIONS is one', async () => {
    const some = await newToken({
      'cors-rules': [{ 'origin-regex': '.*', methods: ['GET', 'PUT', 'OPTIONS'] }],
    });
    const allowed = await preflight(some, '/hello');
    expect([allowed.status, allowed.headers['access-control-allow-methods']]).toEqual([
      200,
      'GET, PUT, OPTIONS',
    ]);
    expect((await ask(some, '/hello', { method: 'PUT', headers: { origin } })).status).toBe(200);
    expect((await ask(some, '/hello', { method: 'POST', headers: { origin } })).status).toBe(403);
    const without = await newToken({ 'cors-rules': [{ 'origin-regex': '.*', methods: ['GET', 'PUT'] }] });
    expect((await preflight(without, '/hello')).status).toBe(403);
  });

  test('the page can read what the router answers, once it may call', async () => {
    const host = await newToken({ 'cors-rules': [{ 'origin-regex': '.*' }], cmd: '' });
    const reply = await ask(host, '/hello', { headers: { origin } });
    expect([reply.status, isOurs(reply), reply.headers['access-control-allow-origin']]).toEqual([
      400,
      true,
      origin,
    ]);
    const unknown = await ask(host, '/hello', { headers: { origin, 'x-user': [] } });
    expect([unknown.status, corsOf(unknown)]).toEqual([401, {}]);
  });

  test('a preflight without origin is refused; rules that RE2 does not know allow nobody', async () => {
    const host = await newToken({ 'cors-rules': [{ 'origin-regex': '(.)\\1' }] });
    const blank = await preflight(host, '/hello', '');
    expect([blank.status, blank.text.includes('No origin provided')]).toEqual([403, true]);
    expect((await preflight(host, '/hello', 'aa')).status).toBe(403);
  });

  const handshake = (host: string, more: string): string =>
    `GET /ws HTTP/1.1\r\nHost: ${host}\r\nx-user: ann\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
    `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nCookie: ${authCookie('ann')}\r\n${more}\r\n`;

  test('case 125: pages of all origins may open WebSockets, unless the configuration says otherwise', async () => {
    const strict = await startRouterUnderTest(
      redis.url,
      [kitchen.port],
      { cors: { ...DEFAULT_CORS, webSockets: true } },
      { authenticator: byName },
    );
    const host = await newToken();
    const open = async (port: number, of: string, more: string): Promise<string> =>
      (await rawRequest(port, handshake(of, more), { until: /\r\n\r\n/ })).text.slice(0, 12);
    expect(await open(router.port, host, `Origin: ${origin}\r\n`)).toBe('HTTP/1.1 101');
    expect(await open(strict.port, host, `Origin: ${origin}\r\n`)).toBe('HTTP/1.1 403');
    expect(await open(strict.port, host, `Origin: http://${host}\r\n`)).toBe('HTTP/1.1 101');
    const secure = `Origin: https://${host}\r\nx-forwarded-proto: wss\r\n`;
    expect(await open(strict.port, host, secure)).toBe('HTTP/1.1 101');
    expect(await open(strict.port, host, '')).toBe('HTTP/1.1 101');
    const friendly = await newToken({ 'cors-rules': [{ 'origin-regex': '.*', methods: ['GET'] }] });
    expect(await open(strict.port, friendly, `Origin: ${origin}\r\n`)).toBe('HTTP/1.1 101');
    await strict.worker.close();
  });
});

describe('CORS by configuration', () => {
  const origin = 'https://a.example.com';
  test.each([
    [{ kind: 'allow-all', allowedOrigins: [] }, 200, 200],
    [{ kind: 'deny-all', allowedOrigins: ['.*'] }, 403, 403],
    [{ kind: 'patterns', allowedOrigins: ['https://.*\\.example\\.com'] }, 200, 403],
    [{ kind: 'token-parameter', allowedOrigins: ['https://.*\\.example\\.com'] }, 200, 200],
  ] as const)('case 96: %j', async (settings, status, byRule) => {
    const other = await startRouterUnderTest(
      redis.url,
      [kitchen.port],
      { cors: { ...DEFAULT_CORS, ...settings } },
      { authenticator: byName },
    );
    const host = await newToken({ 'cors-rules': [{ 'origin-regex': 'https://b' }] });
    const from = (from_: string): Promise<CallReply> =>
      call(other.port, { path: '/hello', headers: { host, 'x-user': 'ann', origin: from_ } });
    expect([(await from(origin)).status, (await from('https://b')).status]).toEqual([status, byRule]);
    await other.worker.close();
  });
});

describe('consent (services-and-tokens case 127)', () => {
  const cookies = new ConsentCookies(['open-sesame'], 'test', systemClock, 90 * 86_400_000);
  const cookieOf = (consent: Consent, user: string): string =>
    cookies.issue(consent, user).split(';', 1)[0] ?? '';
  const owned = (host: string): Consent => ({
    mode: 'token',
    issuedAtMs: Date.now(),
    token: host,
    owner: 'owner',
  });
  const runAsRequester = { 'run-as-user': '*', 'permitted-user': 'nobody' };

  test('case 92: a service that runs as its user asks him first; one by x-waiter-token does not (case 93)', async () => {
    const host = await newToken(runAsRequester);
    for (const method of ['GET', 'POST']) {
      const reply = await ask(host, '/hello-world?a=b', { method });
      expect([reply.status, reply.headers['location'], reply.text, isOurs(reply)]).toEqual([
        303,
        '/waiter-consent/hello-world?a=b',
        '',
        true,
      ]);
    }
    const direct = await call(router.port, {
      path: '/request-info',
      headers: { 'x-waiter-token': host, 'x-user': 'ann', 'x-waiter-debug': '1' },
    });
    expect(JSON.parse(direct.text).headers['x-waiter-authenticated-principal']).toBe('ann@EXAMPLE');
  });

  test('case 92: consent to a service holds for that service, user and time alone', async () => {
    const host = await newToken(runAsRequester);
    const debug = { 'x-waiter-debug': '1' };
    const probe = await ask(host, '/hello', { headers: { ...debug, cookie: cookieOf(owned(host), 'ann') } });
    const serviceId = String(probe.headers['x-waiter-service-id']);
    const consent: Consent = { mode: 'service', issuedAtMs: Date.now(), serviceId };
    const cookie = cookieOf(consent, 'ann');
    const reply = await ask(host, '/hello', { headers: { ...debug, cookie } });
    expect([reply.status, reply.headers['x-waiter-service-id'], reply.headers['set-cookie']]).toEqual([
      200,
      serviceId,
      undefined,
    ]);
    expect((await store.services.get(serviceId))?.description).toMatchObject({
      'run-as-user': 'ann',
      'permitted-user': 'ann',
    });
    for (const headers of [
      { cookie: cookieOf({ ...consent, serviceId: `${serviceId}0` }, 'ann') },
      { cookie: cookieOf({ ...consent, issuedAtMs: Date.now() - 91 * 86_400_000 }, 'ann') },
      { cookie: `${cookie}x` },
      // Ben is made to send what Ann agreed to.
      { cookie, 'x-user': 'ben' },
    ] as Record<string, string>[]) {
      expect((await ask(host, '/hello', { headers })).status).toBe(303);
    }
    await write(host, { ...runAsRequester, version: '2' });
    expect((await ask(host, '/hello', { headers: { cookie } })).status).toBe(303);
  });

  test('case 92: consent to a token outlives its versions, not its owner', async () => {
    const host = await newToken(runAsRequester);
    const cookie = cookieOf(owned(host), 'ann');
    const status = async (): Promise<number> =>
      (await ask(host, '/hello', { headers: { cookie: `a=b; ${cookie}; c=d` } })).status;
    expect(await status()).toBe(200);
    await write(host, { ...runAsRequester, version: '2' });
    expect(await status()).toBe(200);
    await write(host, { ...runAsRequester, version: '2', owner: 'somebody-else' });
    expect(await status()).toBe(303);
    expect((await ask(await newToken(runAsRequester), '/hello', { headers: { cookie } })).status).toBe(303);
  });

  test('services-and-tokens case 209: what else is wrong is told in place of asking', async () => {
    const host = await newToken({ ...runAsRequester, cpus: -1 });
    expect((await ask(host, '/hello')).status).toBe(400);
  });

  test('each user gets a service of his own', async () => {
    const host = await newToken(runAsRequester);
    const idFor = async (user: string): Promise<unknown> => {
      const headers = { cookie: cookieOf(owned(host), user), 'x-user': user, 'x-waiter-debug': '1' };
      return (await ask(host, '/hello', { headers })).headers['x-waiter-service-id'];
    };
    const ids = [await idFor('ann'), await idFor('ben'), await idFor('ann')];
    expect(ids[0]).toEqual(ids[2]);
    expect(ids[0]).not.toEqual(ids[1]);
  });
});

describe('authentication', () => {
  const cookies = new AuthCookies(['open-sesame'], 'test', systemClock);
  const cookie = cookies
    .issue('carl@EXAMPLE')
    .map((line) => line.split(';', 1)[0])
    .join('; ');
  const info = async (host: string, headers: Record<string, string | string[]>) => {
    const reply = await ask(host, '/request-info', { headers: { 'x-waiter-debug': '1', ...headers } });
    return { reply, seen: reply.status === 200 ? JSON.parse(reply.text).headers : null };
  };

  test('whom nobody knows is refused as the authenticator says', async () => {
    const { reply } = await info(await newToken(), { 'x-user': [] });
    expect([reply.status, reply.headers['www-authenticate'], reply.text]).toEqual([401, 'Name', '']);
  });

  test('a cookie of any router of the cluster is believed, and is not passed on', async () => {
    const { reply, seen } = await info(await newToken(), { cookie: `${cookie}; a=b`, 'x-user': [] });
    expect(reply.headers).toMatchObject({
      'x-waiter-auth-method': 'cookie',
      'x-waiter-auth-principal': 'carl@EXAMPLE',
      'x-waiter-auth-user': 'carl',
    });
    expect(reply.headers).not.toHaveProperty('set-cookie');
    expect(seen).toMatchObject({ 'x-waiter-authenticated-principal': 'carl@EXAMPLE', cookie: ['a=b'] });
  });

  test('a cookie that cannot be read is as good as none; a bearer token outweighs it', async () => {
    const host = await newToken();
    for (const headers of [{ cookie: 'x-waiter-auth=%zz' }, { cookie, authorization: 'Bearer a.b.c' }]) {
      const { reply } = await info(host, headers as Record<string, string>);
      expect(reply.headers['x-waiter-auth-method']).toBe('by-name');
    }
  });

  test('case 89: where it is disabled nobody is asked, and the service is told nothing', async () => {
    const host = await newToken({ authentication: 'disabled' });
    const { reply, seen } = await info(host, { 'x-user': [] });
    expect(reply.status).toBe(200);
    expect(seen).not.toHaveProperty('x-waiter-auth-principal');
    expect(seen).not.toHaveProperty('x-waiter-authenticated-principal');
    expect(seen['x-cid']).toMatch(/\S/);
  });

  test('case 90: and may not be combined with headers', async () => {
    const host = await newToken({ authentication: 'disabled' });
    const { reply } = await info(host, { 'x-waiter-run-as-user': 'x' });
    expect([reply.status, JSON.parse(reply.text)]).toEqual([
      400,
      { error: 'An authentication disabled token may not be combined with on-the-fly headers' },
    ]);
  });
});

describe('interstitial (services-and-tokens case 128)', () => {
  const html = { accept: 'text/html,application/xhtml+xml;q=0.9' };
  const until = (ms: number): string => `x-waiter-bypass-interstitial=${Date.now() + ms}`;
  const publish = async (serviceId: string, healthy: readonly boolean[]): Promise<void> => {
    const instance = (n: number, isHealthy: boolean) => ({
      id: `${serviceId}.${n}`,
      serviceId,
      host: '127.0.0.1',
      port: kitchen.port,
      extraPorts: [],
      startedAtMs: 1,
      healthy: isHealthy,
      draining: false,
      flags: [],
      healthCheckStatus: null,
      exitCode: null,
      message: null,
      logDirectory: null,
    });
    await store.instances.publish(
      {
        serviceId,
        epoch: 1,
        requested: healthy.length,
        scheduled: healthy.length,
        instances: healthy.map((isHealthy, n) => instance(n, isHealthy)),
        failed: [],
        killed: [],
        deploymentError: null,
      },
      { concurrencyLevel: 1, loadBalancing: 'oldest' },
    );
  };
  const serviceOf = async (host: string): Promise<string> =>
    String((await ask(host, '/', { headers: { 'x-waiter-debug': '1' } })).headers['x-waiter-service-id']);

  test.each(['GET', 'POST'])(
    'case 99: %s of a browser, while nothing runs, leads to the page',
    async (method) => {
      const host = await newToken({ 'interstitial-secs': 60 });
      const reply = await ask(host, '/hello?a=b', { method, headers: html });
      expect([reply.status, reply.headers['location'], reply.headers['x-waiter-interstitial']]).toEqual([
        303,
        '/waiter-interstitial/hello?a=b',
        'true',
      ]);
      expect([reply.text, isOurs(reply)]).toEqual(['', true]);
    },
  );

  test('case 99: not for others, not by x-waiter-token, not with a good bypass', async () => {
    const host = await newToken({ 'interstitial-secs': 60 });
    expect((await ask(host, '/hello')).status).toBe(200);
    expect((await ask(host, '/hello', { headers: { accept: '*/*' } })).status).toBe(200);
    const named = { ...html, 'x-user': 'ann', 'x-waiter-token': host };
    const direct = await call(router.port, { path: '/hello', headers: named });
    expect([direct.text, direct.headers]).toEqual([
      'Hello World',
      expect.not.objectContaining({ 'x-waiter-interstitial': 'true' }),
    ]);
    expect((await ask(host, `/hello?${until(5_000)}`, { headers: html })).status).toBe(200);
    expect((await ask(host, `/hello?${until(-5_000)}`, { headers: html })).status).toBe(303);
    expect((await ask(host, `/hello?${until(5_000)}&a=b`, { headers: html })).status).toBe(303);
    expect((await ask(await newToken(), '/hello', { headers: html })).status).toBe(200);
  });

  test.each([
    ['/request-info?a=b&x-waiter-bypass-interstitial=1', 'a=b'],
    ['/request-info?x-waiter-bypass-interstitial=1', ''],
    ['/request-info?c=d&x-waiter-bypass-interstitial=1&a=b', 'c=d&x-waiter-bypass-interstitial=1&a=b'],
    ['/request-info?c=d&x-waiter-bypass-interstitial=2a', 'c=d&x-waiter-bypass-interstitial=2a'],
    ['/request-info?ax-waiter-bypass-interstitial=1', 'ax-waiter-bypass-interstitial=1'],
  ])('case 100: of %s the service sees the query %j', async (path, query) => {
    const reply = await ask(await newToken(), path);
    expect(JSON.parse(reply.text)['query-string'] ?? '').toBe(query);
  });

  test('the page is over when an instance is healthy, and comes again when the service has gone', async () => {
    const host = await newToken({ 'interstitial-secs': 60 });
    const shown = async (): Promise<boolean> => (await ask(host, '/hello', { headers: html })).status === 303;
    expect(await shown()).toBe(true);
    const serviceId = await serviceOf(host);
    await publish(serviceId, [false]);
    expect(await shown()).toBe(true);
    await publish(serviceId, [false, true]);
    await waitFor('the page to be over', async () => !(await shown()));
    // An instance that falls ill does not bring it back: somebody saw the service up.
    await publish(serviceId, [false]);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await shown()).toBe(false);
    await publish(serviceId, []);
    await waitFor('the page once more', shown);
  });

  test('case 99: after its time the request waits as any other', async () => {
    const host = await newToken({ 'interstitial-secs': 1 });
    expect((await ask(host, '/hello', { headers: html })).status).toBe(303);
    await new Promise((resolve) => setTimeout(resolve, 1_050));
    expect((await ask(host, '/hello', { headers: html })).text).toBe('Hello World');
  });

  test('a look at the page asks for the service', async () => {
    const host = await newToken({ 'interstitial-secs': 60 });
    const serviceId = await serviceOf(host);
    expect(await store.references.isWanted(serviceId)).toBe(false);
    await ask(host, '/hello', { headers: html });
    await waitFor('the service to be asked for', () => store.references.isWanted(serviceId));
  });
});
