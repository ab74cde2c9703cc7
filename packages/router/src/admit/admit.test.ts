import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import {
  AuthCookies,
  builtInSettings,
  CorsPolicy,
  DEFAULT_CORS,
  ManualClock,
  oneUser,
  type Json,
} from '@waiter/core';
import { newFacts, RequestHead } from '../accept';
import type { RequestTokens } from '../resolve';
import { admit, CorsCheck, RequestAuthentication } from '.';

function headOf(method: string, url: string, headers: Record<string, string>): RequestHead {
  const message = new IncomingMessage(new Socket());
  Object.assign(message, { method, url, httpVersion: '1.1', rawHeaders: Object.entries(headers).flat() });
  return new RequestHead(message);
}

const tokensWith = (metadata: Record<string, Json>, authentication = 'standard'): RequestTokens =>
  ({
    source: 'host-header',
    names: ['a.example'],
    records: [{ name: 'a.example', data: {}, hash: 'E-1' }],
    metadata: { owner: 'bob', ...metadata },
    authentication,
  }) as unknown as RequestTokens;

const settings = builtInSettings('c');
const clock = new ManualClock();
const cookies = new AuthCookies(['p'], 'c', clock);
const authentication = new RequestAuthentication(oneUser('alice@x'), cookies);
const cors = new CorsCheck(new CorsPolicy(DEFAULT_CORS));
const run = (headers: Record<string, string>, tokens: RequestTokens, method = 'GET', url = '/p?q=1') => {
  const facts = newFacts();
  const head = headOf(method, url, { host: 'a.example:9091', ...headers });
  const answer =
    admit(head, facts, tokens, settings, cors) ??
    authentication.identify(head.headers, facts, tokens.authentication);
  if (answer instanceof Promise) throw new Error('the one user is known at once');
  return { answer, facts };
};

test('the one user is authenticated', () => {
  const { answer, facts } = run({}, tokensWith({}));
  expect(answer).toBeNull();
  expect(facts).toMatchObject({
    principal: 'alice@x',
    authenticationMethod: 'single-user',
    token: 'a.example',
    tokenOwner: 'bob',
  });
});

describe('authentication cookies (9.3)', () => {
  const cookieOf = (facts: { newCookies: readonly string[] | null }): string =>
    (facts.newCookies ?? []).map((line) => line.split(';', 1)[0]).join('; ');

  test('are given to whom the authenticator knows, one pair a second; and then known by', () => {
    const first = run({}, tokensWith({})).facts;
    expect(run({}, tokensWith({})).facts.newCookies).toBe(first.newCookies);
    clock.advance(1_000);
    expect(run({}, tokensWith({})).facts.newCookies).not.toEqual(first.newCookies);
    const { facts } = run({ cookie: `a=b; ${cookieOf(first)}` }, tokensWith({}));
    expect(facts).toMatchObject({
      principal: 'alice@x',
      authenticationMethod: 'cookie',
      newCookies: null,
    });
  });

  test('are sealed for one principal each', () => {
    const bobs = cookies.issue('bob@x').map((line) => line.split(';', 1)[0]);
    expect(run({ cookie: bobs.join('; ') }, tokensWith({})).facts.principal).toBe('bob@x');
  });

  test('that cannot be read, or come with a bearer token, count for nothing', () => {
    const cookie = cookieOf(run({}, tokensWith({})).facts);
    for (const headers of [
      { cookie: 'x-waiter-auth=nonsense' },
      { cookie, authorization: 'Bearer a.b.c' },
    ] as Record<string, string>[]) {
      expect(run(headers, tokensWith({})).facts.authenticationMethod).toBe('single-user');
    }
  });

  test('identify also where nobody has to be', () => {
    const cookie = cookieOf(run({}, tokensWith({})).facts);
    expect(run({ cookie }, tokensWith({}, 'disabled')).facts.principal).toBe('alice@x');
  });
});

test('8.2: maintenance wins over the redirect and needs no authentication', () => {
  const tokens = tokensWith({ maintenance: { message: 'back soon' }, 'https-redirect': true });
  const refused = () => run({ 'x-waiter-single-user': 'forbidden' }, tokens);
  expect(refused).toThrow('back soon');
  expect(refused).toThrow(expect.objectContaining({ status: 503, errorClass: 'waiter.Maintenance' }));
});

test.each([
  ['GET', 301],
  ['HEAD', 301],
  ['POST', 307],
])('case 88: https-redirect of %s is %i, without the port', (method, status) => {
  const { answer } = run({}, tokensWith({ 'https-redirect': true }), method);
  expect(answer).toEqual({ status, headers: { location: 'https://a.example/p?q=1' }, body: '' });
});

test('8.3: what came by https is not redirected', () => {
  expect(run({ 'x-forwarded-proto': 'HTTPS' }, tokensWith({ 'https-redirect': true })).answer).toBeNull();
});

test.each([
  [
    { 'x-waiter-authentication': 'disabled' },
    'standard',
    'An authentication parameter is not supported for on-the-fly headers',
  ],
  [
    { 'x-waiter-run-as-user': 'x' },
    'disabled',
    'An authentication disabled token may not be combined with on-the-fly headers',
  ],
] as [Record<string, string>, string, string][])(
  'case 90: %j with authentication %s',
  (headers, authentication, error) => {
    const { answer } = run(headers, tokensWith({}, authentication));
    expect(answer).toMatchObject({ status: 400, headers: { 'content-type': 'application/json' } });
    expect(JSON.parse(answer?.body ?? '')).toEqual({ error });
  },
);

test('case 89: a service without authentication has no principal', () => {
  const { answer, facts } = run({ 'x-waiter-param-a': 'b' }, tokensWith({}, 'disabled'));
  expect(answer).toBeNull();
  expect(facts.principal).toBeNull();
});

test.each([
  [{ authorization: 'SingleUser unauthorized' }, 401, { 'www-authenticate': 'SingleUser' }],
  [{ 'x-waiter-single-user': 'forbidden' }, 403, {}],
  [{ authorization: 'SingleUser foo' }, 400, { 'x-waiter-single-user': 'unknown operation: foo' }],
] as [Record<string, string>, number, object][])('9.2: %j is %i', (headers, status, expected) => {
  expect(run(headers, tokensWith({})).answer).toEqual({ status, headers: expected, body: '' });
});
