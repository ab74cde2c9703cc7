import { cookieNamed, decodedCookie, setCookie } from './cookies';

it.each([
  ['a=1', '1'],
  ['b=2; a=1', '1'],
  ['b=2;a=1;c=3', '1'],
  ['b=2;\t a=1 ; c=3', '1'],
  ['aa=2; a=1; a=3', '1'],
  ['xa=2; a="1"', '1'],
  ['b=a=2; a=1', '1'],
  ['a=', ''],
  ['a=1=2', '1=2'],
  ['b=2', undefined],
  ['a', undefined],
  ['ba=1', undefined],
  ['b=x a=1', undefined],
  ['', undefined],
])('of %j the cookie a is %j', (header, value) => {
  expect(cookieNamed(header, 'a')).toBe(value);
});

it('what is malformed is no value; what is set can be read', () => {
  expect(decodedCookie('%zz')).toBeUndefined();
  const line = setCookie('n', 'a b;c', 60, true);
  expect(line).toBe('n=a%20b%3Bc;Max-Age=60;Path=/;HttpOnly=true');
  expect(decodedCookie(cookieNamed(line, 'n') ?? '')).toBe('a b;c');
});
