import type { Json } from './words';
import { textFilter, valueAt, valueFilter } from './value-filters';

const matches = (value: Json | undefined, wanted: readonly string[], starMeansAll: boolean): boolean =>
  valueFilter([{ path: 'x', values: wanted }], starMeansAll)(value === undefined ? {} : { x: value });

describe('one filter (spec 4.2.1, cases 149, 151, 202 to 204)', () => {
  it.each<[Json | undefined, string[], boolean]>([
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
    ['b', ['a|b'], true],
    ['two\nlines', ['two.*'], true],
    ['files.example', ['files.example'], true],
  ])('%j against %j is %j', (value, wanted, outcome) => {
    expect(matches(value, wanted, false)).toBe(outcome);
  });

  it('takes * for everything but nothing, where star means all', () => {
    expect(matches('x', ['*'], true)).toBe(true);
    expect(matches('', ['*'], true)).toBe(false);
    expect(matches('x', ['*'], false)).toBe(false);
    expect(matches('*', ['*'], false)).toBe(true);
  });

  it('says of an expression that RE2 does not know why', () => {
    expect(() => textFilter(['(a)\\1'], false)).toThrow(
      'Unsupported regular expression: invalid escape sequence: `\\1`',
    );
  });
});

describe('several filters', () => {
  const description = { cpus: 1, env: { E_ID: 'id-1' }, metadata: { 'm-id': 'id-1' } };

  it('must all pass, by dotted paths (case 203)', () => {
    const passes = (m: string): boolean =>
      valueFilter(
        [
          { path: 'env.E_ID', values: ['id-1'] },
          { path: 'metadata.m-id', values: [m] },
        ],
        true,
      )(description);
    expect(passes('id-1')).toBe(true);
    expect(passes('id-2')).toBe(false);
  });

  it('find nothing on the prototype', () => {
    expect(valueAt(description, 'constructor')).toBeUndefined();
    expect(valueAt(description, 'env.constructor')).toBeUndefined();
    expect(valueAt(description, 'cpus.x')).toBeUndefined();
  });
});
