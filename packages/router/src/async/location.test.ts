import { sameServerLocation, valueOf } from './location';

const BASE = 'http://h:1234/path/to/status/1234.html';

test.each([
  ['result', '/path/to/status/result'],
  ['/result', '/result'],
  ['../result', '/path/to/result'],
  ['../../../result', '/result'],
  ['?done=1', '/path/to/status/1234.html?done=1'],
  ['/result?a=b&c=%20d', '/result?a=b&c=%20d'],
  ['http://h:1234/result?a=b', '/result?a=b'],
  ['//h:1234/result', '/result'],
])('case 116: %s is %s on the same server', (location, expected) => {
  expect(sameServerLocation(BASE, location)).toBe(expected);
});

test.each([
  ['http://other:1234/result'],
  ['http://h:4321/result'],
  ['https://h:1234/result'],
  ['//other/result'],
  ['ftp://h/'],
  [''],
  ['  '],
  ['http://[:bad'],
  [undefined],
])('case 116: %s is not', (location) => {
  expect(sameServerLocation(BASE, location)).toBeNull();
});

test('headers are found whatever their case', () => {
  expect(valueOf(['A', '1', 'Location', '/x'], 'location')).toBe('/x');
  expect(valueOf(['A', '1'], 'location')).toBeUndefined();
});
