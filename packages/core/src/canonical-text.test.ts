import fc from 'fast-check';
import { canonicalText, numberText } from '.';

test.each([
  [0.1, '0.1'],
  [1, '1'],
  [-3, '-3'],
  [256, '256'],
  [2.5, '2.5'],
  [0.001, '0.001'],
  [0.00001, '1.0E-5'],
  [0.00012345, '1.2345E-4'],
  [1234567.5, '1234567.5'],
  [12345678.5, '1.23456785E7'],
  [-0.25, '-0.25'],
  [1e21, '1.0E21'],
  [1679500580000, '1679500580000'],
])('%p prints as Java does: %s', (value, text) => {
  expect(numberText(value)).toBe(text);
});

test('every number text reads back as the number', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      expect(Number(numberText(value))).toBe(value === 0 ? 0 : value);
    }),
  );
});

test('collections print sorted and quoted', () => {
  expect(canonicalText('env', { C: 'd', A: 'b "x"\n' })).toBe('{"A" "b \\"x\\"\\n", "C" "d"}');
  expect(canonicalText('allowed-params', ['Y', 'X', 'X'])).toBe('#{"X" "Y"}');
  expect(canonicalText('cors-rules', [{ methods: ['GET'] }, null, true])).toBe(
    '[{"methods" ["GET"]} nil true]',
  );
  expect(canonicalText('health-check-proto', null)).toBe('');
});
