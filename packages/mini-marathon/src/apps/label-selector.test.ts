import { parseLabelSelector } from './label-selector';

const labels = { env: 'prod', tier: 'front', 'a b': 'c,d' };

describe('label selectors', () => {
  it.each([
    ['env', true],
    ['missing', false],
    ['env==prod', true],
    ['env == prod, tier!=back', true],
    ['missing!=x', false],
    ['env in (stage, prod)', true],
    ['env notin (stage, prod)', false],
    ['tier notin (back), env', true],
    ['a\\ b==c\\,d', true],
  ])('%s', (text, expected) => {
    expect(parseLabelSelector(text)(labels)).toBe(expected);
  });

  it.each(['', 'a b c', 'a in b', '=='])('refuses "%s"', (text) => {
    expect(() => parseLabelSelector(text)).toThrow(RangeError);
  });
});
