import { ManualClock } from '@waiter/core';
import { VersionClock } from './timestamp';

it('gives versions that grow even within one millisecond', () => {
  const versions = new VersionClock(new ManualClock(Date.UTC(2014, 8, 12, 23, 28, 21, 737)));
  expect([versions.next(), versions.next()]).toEqual([
    '2014-09-12T23:28:21.737Z',
    '2014-09-12T23:28:21.738Z',
  ]);
});
