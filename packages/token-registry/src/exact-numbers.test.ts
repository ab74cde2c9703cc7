import fc from 'fast-check';
import { isExact, requireExactNumbers } from './exact-numbers';

test.each([
  '0',
  '-0',
  '0.0',
  '1',
  '1.0',
  '1e2',
  '1E+2',
  '0.1',
  '1.50',
  '-2.5e-3',
  '9007199254740992',
  '5e-324',
])('%s is kept', (literal) => expect(isExact(literal)).toBe(true));

test.each([
  '12345678901234567890',
  '9007199254740993',
  '-9007199254740993.0',
  '1e400',
  '1e-400',
  '0.1000000000000000055511151231257827',
])('%s would come back as another number', (literal) => expect(isExact(literal)).toBe(false));

test('a literal of any length is looked at no further than needed', () => {
  expect(isExact(`1${'0'.repeat(1_000_000)}`)).toBe(false);
});

test('every number that JavaScript or a JVM writes is kept', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      expect(isExact(JSON.stringify(value))).toBe(true);
      expect(isExact(value.toExponential(16))).toBe(true);
    }),
  );
});

test('every integer is kept as it is, or refused', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n }), (value) => {
      expect(isExact(String(value))).toBe(digits(value) <= 17 && comesBack(value));
    }),
    // Its double is another integer, 320 less, which is written as this one again.
    { examples: [[-2384185791015625000n]] },
  );
});

const digits = (value: bigint): number => String(value).replace(/^-/, '').replace(/0+$/, '').length;

/** Whether the double, rounded to as many digits as were written, is the same number again. */
function comesBack(value: bigint): boolean {
  const zeros = /0*$/.exec(String(value))?.[0].length ?? 0;
  const error = BigInt(Number(value)) - value;
  return 2n * (error < 0n ? -error : error) < 10n ** BigInt(zeros);
}

test('numbers are looked for outside of strings, and long input costs little', () => {
  const text = JSON.stringify({ 'a"1e999': '\\"12345678901234567890', b: ['\\', 1.5, { c: -3 }] });
  expect(() => requireExactNumbers(text)).not.toThrow();
  expect(() => requireExactNumbers('{"a": ["x\\\\", 12345678901234567890]}')).toThrow(
    'Number 12345678901234567890 cannot be represented exactly',
  );
  expect(() => requireExactNumbers(`"${'\\"'.repeat(500_000)}"`)).not.toThrow();
  expect(() => requireExactNumbers(`[${'0'.repeat(1_000_000)}1]`)).toThrow('cannot be represented');
});
