import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { builtInSettings, type Json } from '@waiter/core';
import { newFacts, RequestHead } from '../accept';
import type { RequestTokens } from '../resolve';
import { admit } from '.';

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
const run = (headers: Record<string, string>, tokens: RequestTokens, method = 'GET', url = '/p?q=1') => {
  const facts = newFacts();
  const head = headOf(method, url, { host: 'a.example:9091', ...headers });
  return { answer: admit(head, facts, tokens, settings, 'alice@x'), facts };
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
