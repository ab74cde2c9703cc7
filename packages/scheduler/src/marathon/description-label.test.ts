import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { decodeDescription, encodeDescription } from './description-label';

test('a short description is JSON that people can read', () => {
  expect(encodeDescription({ cmd: 'run', cpus: 0.1 })).toBe('{"cmd":"run","cpus":0.1}');
});

test('a long one is compressed to characters that any label takes', () => {
  const description = { cmd: 'x'.repeat(5000) };
  const label = encodeDescription(description);
  expect(label).toMatch(/^deflate:[A-Za-z0-9_-]+$/);
  expect(label.length).toBeLessThan(200);
  expect(decodeDescription(label)).toEqual(description);
});

test('property: every description comes back as it was', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ maxDepth: 2 })),
      (description) => {
        const plain = JSON.parse(JSON.stringify(description));
        expect(decodeDescription(encodeDescription(plain))).toEqual(plain);
      },
    ),
  );
});

test.each([
  [null],
  [''],
  ['nonsense'],
  ['[]'],
  ['3'],
  ['deflate:'],
  ['deflate:%%%'],
  // 8 MiB of one character in a few kilobytes.
  [`deflate:${deflateRawSync(JSON.stringify({ a: 'x'.repeat(8 * 1024 * 1024) })).toString('base64url')}`],
])('%.20s is not a description', (label) => {
  expect(decodeDescription(label)).toBeNull();
});
