import { editDistance, nearest } from './suggest';

const known = ['router-port', 'router-queue-timeout', 'redis-url', 'log-level'];

it.each([
  ['router-prot', 'router-port'],
  ['loglevel', 'log-level'],
  ['queue-timeout', 'router-queue-timeout'],
  ['ROUTER-PORT', 'router-port'],
  ['banana', undefined],
])('takes %s for %s', (unknown, meant) => {
  expect(nearest(unknown, known)).toBe(meant);
});

it.each([
  ['', 'abc', 3],
  ['kitten', 'sitting', 3],
  ['same', 'same', 0],
])('counts the edits from "%s" to "%s"', (from, to, distance) => {
  expect(editDistance(from, to)).toBe(distance);
});
