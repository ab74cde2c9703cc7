import fc from 'fast-check';
import { closeFrame } from './close-frame';
import { FrameScanner } from './frame-scanner';

function frame(opcode: number, payload: Buffer, { fin = true, masked = false } = {}): Buffer {
  const { length } = payload;
  const size =
    length < 126
      ? Buffer.from([length])
      : length < 65_536
        ? Buffer.from([126, length >> 8, length & 255])
        : Buffer.concat([Buffer.from([127, 0, 0, 0, 0]), uint32(length)]);
  size[0] = (size[0] ?? 0) | (masked ? 0x80 : 0);
  const mask = masked ? Buffer.from([1, 2, 3, 4]) : Buffer.alloc(0);
  const bytes = masked ? payload.map((byte, i) => byte ^ (mask[i % 4] ?? 0)) : payload;
  return Buffer.concat([Buffer.from([(fin ? 0x80 : 0) | opcode]), size, mask, bytes]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** Feeds the bytes in pieces as a leg does; returns what was passed. */
function passThrough(scanner: FrameScanner, bytes: Buffer, cuts: readonly number[]): Buffer {
  const passed: Buffer[] = [];
  let rest = Buffer.alloc(0);
  let from = 0;
  for (const to of [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))]
    .sort((a, b) => a - b)
    .concat(bytes.length)) {
    const piece = Buffer.concat([rest, bytes.subarray(from, to)]);
    const count = scanner.scan(piece);
    passed.push(piece.subarray(0, count));
    rest = piece.subarray(count);
    from = to;
    if (scanner.fault !== null) break;
    expect(rest.length).toBeLessThan(140);
  }
  return Buffer.concat(passed);
}

const frames = fc.array(
  fc.record({
    opcode: fc.constantFrom(0x1, 0x2, 0x9, 0xa),
    size: fc.oneof(fc.integer({ min: 0, max: 130 }), fc.constantFrom(65_535, 65_536, 70_000)),
    masked: fc.boolean(),
  }),
  { maxLength: 6 },
);
const sized = (opcode: number, size: number): Buffer =>
  Buffer.alloc(opcode >= 8 ? Math.min(size, 125) : size, 'x');

test('whole frames pass unchanged, however they are cut into pieces, and the close code is found', () => {
  fc.assert(
    fc.property(frames, fc.array(fc.nat()), fc.boolean(), (list, cuts, masked) => {
      const bytes = Buffer.concat([
        ...list.map(({ opcode, size, ...rest }) => frame(opcode, sized(opcode, size), rest)),
        closeFrame(3001, 'enough', masked),
      ]);
      const scanner = new FrameScanner(100_000);
      expect(passThrough(scanner, bytes, cuts).equals(bytes)).toBe(true);
      expect([scanner.left, scanner.closeCode, scanner.fault]).toEqual([0, 3001, null]);
    }),
  );
});

test('what is passed of a message that is too large ends with a frame', () => {
  fc.assert(
    fc.property(fc.array(fc.nat()), (cuts) => {
      const small = frame(0x1, Buffer.alloc(900), { fin: false, masked: true });
      const ping = frame(0x9, Buffer.from('?'), { masked: true });
      const bytes = Buffer.concat([small, ping, frame(0x0, Buffer.alloc(101), { masked: true })]);
      const scanner = new FrameScanner(1_000);
      expect(passThrough(scanner, bytes, cuts)).toEqual(Buffer.concat([small, ping]));
      expect([scanner.left, scanner.fault]).toEqual([0, { kind: 'too-large', message: 'Text', size: 1_001 }]);
    }),
  );
});

test('a message of exactly the limit passes, and the next one counts anew', () => {
  const scanner = new FrameScanner(10);
  const bytes = Buffer.concat([frame(0x2, Buffer.alloc(10)), frame(0x2, Buffer.alloc(10))]);
  expect(scanner.scan(bytes)).toBe(bytes.length);
});

test.each([
  ['a control frame that is too long', Buffer.from([0x89, 126, 0, 126])],
  ['a control frame in parts', Buffer.from([0x09, 0])],
])('malformed: %s', (_name, bytes) => {
  const scanner = new FrameScanner(10);
  expect([scanner.scan(bytes), scanner.fault]).toEqual([0, { kind: 'malformed' }]);
});

test('a length of more than 2^32, and close frames without a code', () => {
  const scanner = new FrameScanner(1_000);
  scanner.scan(Buffer.from([0x82, 127, 0, 0, 1, 0, 0, 0, 0, 0]));
  expect(scanner.fault).toMatchObject({ kind: 'too-large', size: 2 ** 40 });
  const closing = new FrameScanner(1_000);
  expect([closing.scan(Buffer.from([0x88, 0])), closing.closeCode]).toEqual([2, 1005]);
});

test('a reason that is too long is cut', () => {
  expect(closeFrame(1011, 'x'.repeat(500), false).length).toBe(127);
});
