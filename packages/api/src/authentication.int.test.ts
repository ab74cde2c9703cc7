import type { Express } from 'express';
import supertest from 'supertest';
import { loadConfig } from '@waiter/config';
import { Entitlement, oneUser, SimpleEntitlementManager, systemClock } from '@waiter/core';
import { createMetrics, silentLogger } from '@waiter/observability';
import { Queues, Store } from '@waiter/store';
import { startRedis, type RedisServer } from '@waiter/testkit';
import { createApi } from '.';

const USER = 'sam';
let redis: RedisServer;
let store: Store;
let queues: Queues;
/** Two routers of one cluster. */
let routers: readonly Express[];

beforeAll(async () => {
  redis = await startRedis();
  store = await Store.open({ url: redis.url, cluster: 'c1' });
  queues = new Queues({ url: redis.url, cluster: 'c1' });
  const router = (routerId: string): Express =>
    createApi({
      store,
      queues,
      config: loadConfig({
        flags: { 'cluster-name': 'c1', 'router-user': USER, passwords: 'hunter2', redis: redis.url },
        machine: { hostname: 'box', username: USER, unique: 'abc123' },
      }),
      logger: silentLogger,
      metrics: createMetrics(),
      clock: systemClock,
      authenticator: oneUser(USER),
      entitlement: new Entitlement(new SimpleEntitlementManager(USER)),
      routerId,
      port: 9091,
      startedAtMs: Date.now(),
      version: '0123456789abcdef',
      isDraining: () => false,
    });
  routers = [router('r1'), router('r2')];
});
afterAll(async () => {
  await queues.close();
  await store.close();
  await redis.stop();
});

const get = (router: number, path: string, headers: Readonly<Record<string, string>> = {}) =>
  supertest(routers[router] as Express)
    .get(path)
    .set(headers);
const cookiesOf = (headers: Readonly<Record<string, unknown>>): string[] =>
  [headers['set-cookie'] ?? []].flat().map(String);
const sentBack = (cookies: readonly string[]): string =>
  cookies.map((one) => one.split(';', 1)[0]).join('; ');

/** What a `Set-Cookie` line says: `name=value`, and its attributes. */
const cookieNamed = (name: string, cookies: readonly string[]) => {
  const [pair = '', ...attributes] = (cookies.find((one) => one.startsWith(`${name}=`)) ?? '').split(';');
  return { pair, attributes: attributes.map((one) => one.trim()) };
};

it('request-path case 101: the cookies of /waiter-auth, and whoever has them gets no others', async () => {
  const first = await get(0, '/waiter-auth').expect(200, USER);
  expect(first.headers['x-waiter-auth-method']).toBe('single-user');
  const cookies = cookiesOf(first.headers);
  const [auth, expiry] = ['x-waiter-auth', 'x-auth-expires-at'].map((name) => cookieNamed(name, cookies));
  expect(auth?.attributes).toEqual(['Max-Age=86400', 'Path=/', 'HttpOnly=true']);
  expect(expiry?.attributes).toEqual(['Max-Age=86400', 'Path=/']);
  expect(expiry?.pair).toMatch(/^x-auth-expires-at=\d{10}$/);
  const second = await get(0, '/waiter-auth', { cookie: sentBack(cookies) }).expect(200, USER);
  expect(second.headers['x-waiter-auth-method']).toBe('cookie');
  expect(second.headers).not.toHaveProperty('set-cookie');
});

it.each(['', 'kept-alive.example'])(
  'request-path case 103: keep-alive renews cookies that end too soon, and no others (host %j)',
  async (token) => {
    if (token !== '') await store.tokens.write({ name: token, data: { cpus: 1, owner: USER } });
    const cookies = cookiesOf((await get(0, '/waiter-auth')).headers);
    const keep = async (query: string, headers: Readonly<Record<string, string>> = {}) => {
      const host = token === '' ? 'localhost' : token;
      const path = `/.well-known/auth/keep-alive${query}`;
      const reply = await get(0, path, { host, cookie: sentBack(cookies), ...headers }).expect(204);
      return { given: cookiesOf(reply.headers), headers: reply.headers };
    };
    for (const query of ['?done=true', '?offset=10']) expect((await keep(query)).given).toEqual([]);
    for (const query of ['?offset=100000000', '']) {
      const { given } = await keep(query);
      expect(cookieNamed('x-auth-expires-at', given).pair).toMatch(/=\d{10}$/);
      const { pair } = cookieNamed('x-waiter-auth', given);
      expect(pair).toMatch(/=[\w-]{40,}$/);
      expect(pair).not.toBe(cookieNamed('x-waiter-auth', cookies).pair);
    }
    const named = { 'x-waiter-auth-user': USER, 'x-waiter-auth-principal': USER };
    expect((await keep('', { 'x-waiter-debug': 'true' })).headers).toMatchObject(named);
    expect((await keep('')).headers).not.toHaveProperty('x-waiter-auth-user');
  },
);

it('request-path case 105: a bearer token that vouches for nobody leaves it to the other credentials', async () => {
  const bearer = 'Bearer abc.def.ghi';
  const cookie = sentBack(cookiesOf((await get(0, '/waiter-auth')).headers));
  for (const headers of [{ authorization: bearer }, { authorization: bearer, cookie }]) {
    const known = await get(0, '/waiter-auth', headers).expect(200, USER);
    expect(known.headers['x-waiter-auth-method']).toBe('single-user');
    expect(cookiesOf(known.headers)).toHaveLength(2);
  }
  const refused = await get(0, '/waiter-auth', { authorization: `${bearer},SingleUser forbidden`, cookie });
  expect([refused.status, refused.headers['www-authenticate'], refused.headers['set-cookie']]).toEqual([
    403,
    undefined,
    undefined,
  ]);
});

it('request-path 9.8: without a provider OpenID Connect says that it is not there', async () => {
  const asked = await get(0, '/.well-known/oidc/v1/openid-enabled', { host: 'a.example' }).expect(501);
  expect(asked.body).toMatchObject({ enabled: false });
  const back = await get(0, '/oidc/v1/callback?code=1&state=2').expect(501);
  expect(back.text).toContain('OIDC authentication disabled');
});

it('case 167: /waiter-auth gives cookies once, and then every router knows by the cookie', async () => {
  const first = await get(0, '/waiter-auth').expect(200, USER);
  expect(first.headers['x-waiter-auth-user']).toBe(USER);
  expect(first.headers['x-waiter-auth-principal']).toContain(USER);
  const cookies = cookiesOf(first.headers);
  expect(cookies.some((cookie) => cookie.startsWith('x-auth-expires-at='))).toBe(true);
  const auth = cookies.find((cookie) => cookie.startsWith('x-waiter-auth=')) ?? '';
  for (const part of [/Max-Age=\d+/i, /Path=\//i, /HttpOnly/i]) expect(auth).toMatch(part);
  const second = await get(1, '/waiter-auth', { cookie: sentBack(cookies) }).expect(200, USER);
  expect(second.headers['x-waiter-auth-method']).toBe('cookie');
  expect(second.headers['set-cookie']).toBeUndefined();
});

it('case 169: until when the cookie is good, and how to keep it', async () => {
  const cookie = sentBack(cookiesOf((await get(0, '/waiter-auth')).headers));
  const without = await get(0, '/.well-known/auth/expires-at').expect(200);
  expect(without.body).toEqual({ 'expires-at': 0, principal: null });
  const { body } = await get(1, '/.well-known/auth/expires-at', { cookie }).expect(200);
  expect(body).toEqual({ 'expires-at': expect.any(Number), principal: expect.stringContaining(USER) });
  expect(body['expires-at']).toBeGreaterThan(Date.now() / 1000);

  await store.tokens.write({ name: 'kept.example', data: { cpus: 1, owner: USER } });
  const keep = async (query: string, host = 'kept.example') =>
    get(0, `/.well-known/auth/keep-alive${query}`, { host, cookie });
  expect((await keep('?offset=60')).status).toBe(204);
  expect((await keep('?done=true')).status).toBe(204);
  expect((await keep('?offset=-1')).status).toBe(400);
  expect((await keep('?offset=x')).status).toBe(400);
  expect((await keep('', 'unknown.example')).status).toBe(404);
  const renewed = await keep('?offset=999999999');
  expect({ status: renewed.status, renews: cookiesOf(renewed.headers).length > 0 }).toEqual({
    status: 204,
    renews: true,
  });
});
