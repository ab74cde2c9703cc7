import { planSync } from './sync-plan';
import type { TokenCopy } from './token-copy';

const BASE = { cpus: 1, owner: 'a', root: 'r', 'last-update-user': 'a', previous: {} };
const at = (second: number, more: object = {}): TokenCopy => {
  const data = { ...BASE, 'last-update-time': new Date(second * 1000).toISOString(), ...more };
  return { text: JSON.stringify(data), etag: 'deleted' in data ? null : `E-${JSON.stringify(data).length}` };
};
const deleted = (second: number): TokenCopy => at(second, { deleted: true });
const plan = (...copies: (TokenCopy | null)[]) =>
  planSync(new Map(copies.map((copy, index) => [index, copy])));

describe('planSync', () => {
  it('does nothing for equal copies, or for one copy that opted out', () => {
    expect(plan(at(1), at(1))).toEqual([]);
    const out = at(1, { metadata: { 'waiter-token-sync-opt-out': 'true' } });
    expect(plan(out, null)).toEqual([{ kind: 'opted-out', at: 0 }]);
  });

  it('sends the newest copy everywhere, over what is there', () => {
    const [old, newest] = [at(1), at(2, { cpus: 2 })];
    expect(plan(old, newest, null)).toEqual([
      { kind: 'write', to: 0, copy: newest, present: old },
      { kind: 'write', to: 2, copy: newest, present: null },
    ]);
  });

  it('lets the cluster named first win between equally new copies', () => {
    const [one, other] = [at(1), at(1, { cpus: 2 })];
    expect(plan(one, other)).toEqual([{ kind: 'write', to: 1, copy: one, present: other }]);
  });

  it('passes a deletion on, and removes what is deleted everywhere', () => {
    const [old, gone] = [at(1), deleted(2)];
    expect(plan(old, gone)).toEqual([{ kind: 'write', to: 0, copy: gone, present: old }]);
    expect(plan(gone, gone, null)).toEqual([
      { kind: 'remove', from: 0 },
      { kind: 'remove', from: 1 },
    ]);
    expect(plan(at(3), gone)[0]).toMatchObject({ kind: 'write', to: 1 });
  });

  it('leaves another token of the same name alone: root, user and content all differ', () => {
    const mine = at(2, { cpus: 2 });
    const other = at(1, { root: 'elsewhere', 'last-update-user': 'b' });
    expect(plan(mine, other)).toEqual([{ kind: 'conflict', at: 1, note: 'root elsewhere, not r' }]);
    for (const more of [{ root: 'elsewhere' }, { root: 'elsewhere', 'last-update-user': 'b', cpus: 2 }]) {
      expect(plan(mine, at(1, more))).toMatchObject([{ kind: 'write', to: 1 }]);
    }
  });

  it('neither reads from nor writes to a copy that opted out', () => {
    const out = at(9, { cpus: 9, metadata: { 'waiter-token-sync-opt-out': 'true' } });
    const [old, newest] = [at(1), at(2, { cpus: 2 })];
    expect(plan(out, old, newest)).toEqual([
      { kind: 'opted-out', at: 0 },
      { kind: 'write', to: 1, copy: newest, present: old },
    ]);
    expect(plan(out, deleted(1))).toEqual([{ kind: 'opted-out', at: 0 }]);
  });
});
