import fc from 'fast-check';
import { SseParser, type SseEvent } from './sse-parser';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const parse = (text: string): SseEvent[] => new SseParser().push(bytes(text));

test.each<[string, string, SseEvent[]]>([
  ['an event with a type', 'event: a\ndata: {"x":1}\n\n', [{ type: 'a', data: '{"x":1}' }]],
  ['an event without a type', 'data: x\n\n', [{ type: 'message', data: 'x' }]],
  ['several data lines', 'data: x\ndata\ndata: y\n\n', [{ type: 'message', data: 'x\n\ny' }]],
  [
    'one space after the colon belongs to the format',
    'data:x\n\ndata:  y\n\n',
    [
      { type: 'message', data: 'x' },
      { type: 'message', data: ' y' },
    ],
  ],
  ['comments and empty lines (heartbeats) are nothing', ': ping\n\n\r\n\r\n', []],
  [
    'an event without data is nothing, and its type is forgotten',
    'event: a\n\ndata: x\n\n',
    [{ type: 'message', data: 'x' }],
  ],
  [
    'unknown fields, id and retry are ignored',
    'id: 1\nretry: 5\nfoo: bar\ndata: x\n\n',
    [{ type: 'message', data: 'x' }],
  ],
  [
    'all line ends',
    'data: a\r\n\r\ndata: b\r\rdata: c\n\n',
    [
      { type: 'message', data: 'a' },
      { type: 'message', data: 'b' },
      { type: 'message', data: 'c' },
    ],
  ],
  ['a byte order mark', '\uFEFFdata: x\n\n', [{ type: 'message', data: 'x' }]],
  ['an event that was not ended is not told', 'data: x\n', []],
])('%s', (_name, text, expected) => {
  expect(parse(text)).toEqual(expected);
});

test('property: chunks may break anywhere', () => {
  const line = fc.string({ unit: 'grapheme', maxLength: 12 }).map((text) => text.replace(/[\r\n]/g, ' '));
  const event = fc.record({
    type: line.filter((type) => type.trim() !== ''),
    data: fc.array(line, { minLength: 1, maxLength: 3 }),
  });
  fc.assert(
    fc.property(
      fc.array(event, { maxLength: 6 }),
      fc.constantFrom('\n', '\r\n', '\r'),
      fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
      (events, end, sizes) => {
        const text = events
          .map(({ type, data }) =>
            [`event: ${type}`, ...data.map((each) => `data: ${each}`), '', ''].join(end),
          )
          .join('');
        const body = bytes(text);
        const parser = new SseParser();
        const seen: SseEvent[] = [];
        for (let at = 0, turn = 0; at < body.length; turn++) {
          const size = sizes[turn % sizes.length] ?? 1;
          seen.push(...parser.push(body.subarray(at, at + size)));
          at += size;
        }
        expect(seen).toEqual(events.map(({ type, data }) => ({ type, data: data.join('\n') })));
      },
    ),
  );
});

test('an event without end is refused rather than kept', () => {
  const parser = new SseParser();
  const chunk = bytes('x'.repeat(8 * 1024 * 1024));
  expect(() => {
    for (let count = 0; count < 6; count++) parser.push(chunk);
  }).toThrow(RangeError);
});
