import { compilePattern, PatternError } from './patterns';

const faultOf = (source: string): PatternError => {
  try {
    compilePattern(source);
  } catch (error) {
    if (error instanceof PatternError) return error;
    throw error;
  }
  throw new Error(`${source} compiles`);
};

it.each([
  ['a|b', 'ab', false],
  ['a|ab', 'ab', true],
  ['^a$', 'a', true],
  ['(?i)ABC', 'abc', true],
  ['https?://.*\\.example\\.com(:\\d+)?', 'https://a.example.com:8080', true],
  ['.*', 'a\nb', true],
  ['plain', 'plain', true],
  ['plain', 'plains', false],
  ['.', '\u{1F600}', true],
])('%s matches all of %j: %j', (source, text, outcome) => {
  expect(compilePattern(source).matches(text)).toBe(outcome);
});

/** Each takes V8 longer than anybody lives, on these texts. */
it.each(['(a+)+b', '(a|a)*b', '(a*)*b', '(.*)(.*)(.*)(.*)(.*)(.*)(.*)b', '(a|aa)+b', '(a?){50}a{50}b'])(
  'security: %s is not held up by a text that nearly matches',
  (source) => {
    const pattern = compilePattern(source);
    expect(pattern.matches('a'.repeat(10_000))).toBe(false);
    expect(pattern.matches(`${'a'.repeat(60)}b`)).toBe(true);
  },
);

it.each([
  ['lookahead', '(?=a)a'],
  ['lookbehind', '(?<=a)b'],
  ['backreference', '(a)\\1'],
  ['too many repetitions', 'a{2000}'],
  ['repetitions of repetitions', '(a{1000}){1000}'],
  ['too large a program', '(.{0,50}a.{0,50}){1,9}c'],
  ['too long', 'a'.repeat(1_001)],
])('does not support %s, and says so', (_what, source) => {
  expect(faultOf(source)).toMatchObject({ unsupported: true });
});

it.each(['(', '[', 'a**', '\\'])('%s is no expression at all', (source) => {
  expect(faultOf(source)).toMatchObject({ unsupported: false });
});
