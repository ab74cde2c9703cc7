import fc from 'fast-check';
import { elementsOf, membersOf, onOneLine } from './json-text';
import { canonicalValue, contentOf, sameValue } from './same-token';
import { factsOf } from './token-copy';

describe('JSON as text', () => {
  it('takes objects and arrays apart without touching what is in them', () => {
    const text = ' { "a" : 1.0, "b\\"}" : [ 1e400 ,{"x":[]} , "]" ] , "c":{} , "d":null}';
    expect([...membersOf(text)]).toEqual([
      ['a', '1.0'],
      ['b"}', '[ 1e400 ,{"x":[]} , "]" ]'],
      ['c', '{}'],
      ['d', 'null'],
    ]);
    expect(elementsOf(membersOf(text).get('b"}') ?? '')).toEqual(['1e400', '{"x":[]}', '"]"']);
    expect(membersOf('[1]').size).toBe(0);
    expect(elementsOf('{}')).toEqual([]);
  });

  it('agrees with JSON.parse on any value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(undefined, 1, '\t'), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        const compact = JSON.stringify(value);
        expect(sameValue(text, compact)).toBe(true);
        expect(JSON.parse(onOneLine(text))).toEqual(JSON.parse(compact));
        if (Array.isArray(value))
          expect(elementsOf(text).map((one) => JSON.parse(one))).toEqual(JSON.parse(compact));
      }),
    );
  });

  it.each([
    ['1.0', '1', true],
    ['10e-1', '1', true],
    ['0.10', '1E-1', true],
    ['-0', '0', true],
    ['9007199254740993', '9007199254740992', false],
    ['1e400', '1e401', false],
    ['{"a":1,"b":2}', '{ "b": 2, "a": 1.0 }', true],
    ['[1,2]', '[2,1]', false],
    ['{"allowed-params":["B","A"]}', '{"allowed-params":["A","B"]}', true],
    ['"\\u0041"', '"A"', true],
    ['{"a":null}', '{}', false],
  ])('compares exactly: %s and %s', (a, b, same) => {
    expect(sameValue(a, b)).toBe(same);
  });

  it('knows what users wrote from the bookkeeping', () => {
    const a =
      '{"cpus":1,"cluster":"x","root":"x","previous":{"cpus":2},"last-update-time":"2026-01-01T00:00:00.000Z"}';
    expect(contentOf(a)).toBe(canonicalValue('{"cpus":1}'));
    expect(factsOf({ text: a, etag: null })).toMatchObject({
      deleted: false,
      updatedAtMs: Date.UTC(2026, 0, 1),
      root: 'x',
      optedOut: false,
    });
  });
});
