import { flags, UsageError } from './flags';

const given = (...args: string[]) => flags(args, ['seconds', 'stage', 'peers']);

test('defaults and values', () => {
  const { count, choice, list } = given('--seconds', '7', '--peers', 'b,a');
  expect([count('seconds', 3), count('rounds', 5)]).toEqual([7, 5]);
  expect(choice('stage', ['x', 'y'])).toBe('x');
  expect(list('peers', ['a', 'b', 'c'], ['c'])).toEqual(['b', 'a']);
  expect(given('--peers', '').list('peers', ['a'], ['a'])).toEqual([]);
});

test.each([
  () => given('--what', '1'),
  () => given('--seconds', '0').count('seconds', 3),
  () => given('--seconds', '1.5').count('seconds', 3),
  () => given('--stage', 'z').choice('stage', ['x', 'y']),
  () => given('--peers', 'a,z').list('peers', ['a', 'b'], []),
])('refused %#', (read) => {
  expect(read).toThrow(UsageError);
});
