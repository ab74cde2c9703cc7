import { oneUser } from './one-user';

const authenticator = oneUser('sam@EXAMPLE');

it.each([
  [{}, { identity: { method: 'single-user', principal: 'sam@EXAMPLE', user: 'sam' } }],
  [
    { authorization: 'SingleUser unauthorized' },
    { status: 401, headers: { 'www-authenticate': 'SingleUser' } },
  ],
  [{ authorization: 'Basic abc, SingleUser forbidden' }, { status: 403, headers: {} }],
  [
    { authorization: 'SingleUser banana' },
    { status: 400, headers: { 'x-waiter-single-user': 'unknown operation: banana' } },
  ],
  [
    { 'x-waiter-single-user': 'unauthorized' },
    { status: 401, headers: { 'www-authenticate': 'SingleUser' } },
  ],
  [{ 'x-waiter-single-user': 'forbidden' }, { status: 403, headers: {} }],
])('%j (spec request-path 9.2)', (headers, outcome) => {
  expect(authenticator.authenticate(headers)).toEqual(outcome);
});

it.each([
  { authorization: 'SingleUser' },
  { authorization: 'Basic abc' },
  { authorization: 'SingleUsers forbidden' },
  { 'x-waiter-single-user': 'banana' },
])('lets %j pass', (headers) => {
  expect(authenticator.authenticate(headers)).toHaveProperty('identity.user', 'sam');
});
