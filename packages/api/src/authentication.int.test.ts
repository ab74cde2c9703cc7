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
