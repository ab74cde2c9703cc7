import { matches, matchesAll, valueAt } from './filters';

describe('matches (spec 4.2.1, cases 149, 151, 202 to 204)', () => {
  it.each([
    ['test-user1', ['test-user1'], true],
    ['test-user1', ['test-user1.*'], true],
    ['test-user10', ['test-user1.*'], true],
    ['test-user2', ['test-user1.*'], false],
    ['abc', ['b'], false],
    ['foo', ['.*o.*'], true],
    ['b', ['a', 'b'], true],
    [1, ['1'], true],
    [0.5, ['0.5'], true],
    ['a(', ['a('], true],
    ['b', ['a('], false],
    [undefined, [''], true],
    [null, [''], true],
    ['x', [''], false],
    ['ab', ['a|b'], false],
  ])('%j against %j is %j', (value, wanted, outcome) => {
    expect(matches(value, wanted, false)).toBe(outcome);
  });

  it('takes * for everything but nothing, where star means all', () => {
    expect(matches('x', ['*'], true)).toBe(true);
    expect(matches('', ['*'], true)).toBe(false);
    expect(matches('x', ['*'], false)).toBe(false);
    expect(matches('*', ['*'], false)).toBe(true);
  });

  it.each(['(a+)+b', '(a|a)*b', '(.*)(.*)(.*)(.*)(.*)(.*)(.*)b'])('is not held up by %s', (pattern) => {
    expect(() => matches('a'.repeat(200), [pattern], false)).toThrow('takes too long');
  });
});

describe('matchesAll', () => {
  const description = { cpus: 1, env: { E_ID: 'id-1' }, metadata: { 'm-id': 'id-1' } };

  it('wants every filter to pass, by dotted paths (case 203)', () => {
    const filters = (m: string) =>
      new Map([
        ['env.E_ID', ['id-1']],
        ['metadata.m-id', [m]],
      ]);
    expect(matchesAll(description, filters('id-1'), true)).toBe(true);
    expect(matchesAll(description, filters('id-2'), true)).toBe(false);
  });

  it('finds nothing on the prototype', () => {
    expect(valueAt(description, 'constructor')).toBeUndefined();
    expect(valueAt(description, 'env.constructor')).toBeUndefined();
    expect(valueAt(description, 'cpus.x')).toBeUndefined();
  });
});
