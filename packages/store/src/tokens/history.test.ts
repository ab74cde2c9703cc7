import fc from 'fast-check';
import type { TokenData } from '@waiter/core';
import { nextVersion, trimHistory } from './history';

const depth = (data: TokenData): number => {
  let count = 0;
  for (let at: unknown = data; typeof at === 'object' && at !== null; at = (at as TokenData)['previous'])
    count += 1;
  return count;
};

test('case 74: after M > N writes the chain has N versions, newest first', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 12 }), (versions, writes) => {
      let current: TokenData | null = null;
      for (let i = 0; i < writes; i += 1) current = nextVersion({ cpus: i, owner: 'a' }, current, versions);
      expect(depth(current ?? {})).toBe(Math.min(versions, writes));
      expect(current).toMatchObject({ cpus: writes - 1 });
    }),
  );
});

test('empty histories are not stored, keys that are no token data are dropped', () => {
  expect(nextVersion({ cpus: 1, x: 2, previous: { mem: 1, previous: {} } }, { cpus: 7 }, 5)).toEqual({
    cpus: 1,
    previous: { mem: 1 },
  });
  expect(nextVersion({ cpus: 1, previous: {} }, { cpus: 7 }, 5)).toEqual({ cpus: 1 });
});

test('case 73: history restarts with a new owner after a soft delete, and goes on with the same', () => {
  const deleted = { cpus: 1, owner: 'a', deleted: true, previous: { cpus: 1, owner: 'a' } };
  expect(nextVersion({ cpus: 2, owner: 'b' }, deleted, 5)).toEqual({ cpus: 2, owner: 'b' });
  expect(nextVersion({ cpus: 2, owner: 'a' }, deleted, 5)['previous']).toEqual({ cpus: 1, owner: 'a' });
});

test('a chain of any length is trimmed without recursion', () => {
  let chain: TokenData = { cpus: 0 };
  for (let i = 1; i < 100; i += 1) chain = { cpus: i, previous: { ...chain } };
  expect(depth(trimHistory(chain, 3))).toBe(3);
});
