import { chooseKills, effectiveLoadBalancing, type KillCandidate } from './choose-kills';

const HEALTHY = [2, 3, 5, 6, 8];
const ALL = [1, 2, 3, 4, 5, 6, 7, 8];

/** What the original's test sets on one instance, by the words of its tags and in-flight requests. */
type State = 'busy' | 'killed' | 'locked' | 'ejected' | 'expired' | 'expired-lingering' | 'expired-active';

function candidates(numbers: readonly number[], states: Readonly<Record<number, State>>): KillCandidate[] {
  return numbers.map((number) => {
    const state = states[number];
    return {
      id: `i${number}`,
      serviceId: 's',
      startedAtMs: number * 1000,
      healthy: HEALTHY.includes(number),
      expired: state?.startsWith('expired') ?? false,
      starting: false,
      ejected: state === 'ejected',
      fate: state === 'killed' || state === 'locked' ? state : 'open',
      inUse: state === 'busy' || state === 'expired-lingering' || state === 'expired-active' ? 1 : 0,
      onlyLingering: state === 'expired-lingering',
    };
  });
}

type Case = [string, number[], Record<number, State>, 'oldest' | 'youngest', number[], string | undefined];
// prettier-ignore
const TRUTH_TABLE: Case[] = [
  ['1: all healthy idle', HEALTHY, {}, 'oldest', [], 'i8'],
  ['2: all healthy idle', HEALTHY, {}, 'youngest', [], 'i2'],
  ['3: all healthy idle, some excluded', HEALTHY, {}, 'oldest', [1, 2, 7, 8], 'i6'],
  ['4: all healthy idle, some excluded', HEALTHY, {}, 'youngest', [1, 2, 7, 8], 'i3'],
  ['5: i6 busy', HEALTHY, { 6: 'busy' }, 'oldest', [1, 2, 7, 8], 'i5'],
  ['6: healthy and unhealthy', ALL, {}, 'oldest', [], 'i7'],
  ['7: i7 has a slot in use', ALL, { 7: 'busy' }, 'oldest', [], 'i4'],
  ['8: i7 killed', ALL, { 7: 'killed' }, 'oldest', [], 'i4'],
  ['9: i4 ejected, i7 killed', ALL, { 4: 'ejected', 7: 'killed' }, 'oldest', [], 'i4'],
  ['10: i8 ejected', HEALTHY, { 8: 'ejected' }, 'oldest', [], 'i8'],
  ['11: i2 ejected, i3 killed, i8 locked', HEALTHY, { 2: 'ejected', 3: 'killed', 8: 'locked' }, 'oldest', [], 'i2'],
  ['12: i3 killed, i8 locked', HEALTHY, { 3: 'killed', 8: 'locked' }, 'oldest', [], 'i6'],
  ['13: i2, i5 expired and some unhealthy', ALL, { 2: 'expired', 5: 'expired' }, 'oldest', [], 'i2'],
  ['14: i2 expired only', HEALTHY, { 2: 'expired' }, 'oldest', [], 'i2'],
  ['14: i2 expired only', HEALTHY, { 2: 'expired' }, 'youngest', [], 'i2'],
  ['15: i2 lingers; i6, i8 expired idle', HEALTHY, { 2: 'expired-lingering', 6: 'expired', 8: 'expired' }, 'oldest', [], 'i6'],
  ['16: i2 expired and active', HEALTHY, { 2: 'expired-active' }, 'oldest', [], undefined],
  ['17: i2 expired and lingering', HEALTHY, { 2: 'expired-lingering' }, 'oldest', [], 'i2'],
  ['18: i2, i6, i8 expired idle', HEALTHY, { 2: 'expired', 6: 'expired', 8: 'expired' }, 'oldest', [1, 2, 3], 'i6'],
  ['19: i2, i6, i8 linger', HEALTHY, { 2: 'expired-lingering', 6: 'expired-lingering', 8: 'expired-lingering' }, 'oldest', [], 'i2'],
  ['20: i2 active; i5, i6 ejected', HEALTHY, { 2: 'expired-active', 5: 'ejected', 6: 'ejected' }, 'oldest', [], 'i6'],
  ['21: i2 active and some unhealthy', ALL, { 2: 'expired-active' }, 'oldest', [], 'i7'],
  ['22: the same, i7 locked', ALL, { 2: 'expired-active', 7: 'locked' }, 'oldest', [], 'i4'],
  ['22: the same, i7 killed', ALL, { 2: 'expired-active', 7: 'killed' }, 'oldest', [], 'i4'],
  ['23: one without a record is no candidate', [2, 3], {}, 'oldest', [], 'i3'],
];

test.each(TRUTH_TABLE)('1.12 row %s', (_name, numbers, states, loadBalancing, excluded, expected) => {
  const exclude = new Set(excluded.map((number) => `i${number}`));
  expect(chooseKills(candidates(numbers, states), { loadBalancing, exclude })[0]?.id).toBe(expected);
});

test('lists all that may be killed, best first', () => {
  const order = chooseKills(candidates(ALL, { 2: 'ejected', 3: 'busy' }), { loadBalancing: 'oldest' });
  expect(order.map(({ id }) => id)).toEqual(['i7', 'i4', 'i1', 'i2', 'i8', 'i6', 'i5']);
});

test('while a replacement starts, only what is unhealthy and not starting may go', () => {
  const all = candidates(ALL, { 2: 'expired' }).map((each) => ({ ...each, starting: each.id === 'i7' }));
  expect(chooseKills(all, { loadBalancing: 'oldest' }).map(({ id }) => id)).toEqual(['i4', 'i1']);
});

test('one that drains is not chosen again and does not protect others', () => {
  const all = candidates(HEALTHY, { 2: 'expired' }).map((each) =>
    each.id === 'i2' ? { ...each, fate: 'draining' as const } : each,
  );
  expect(chooseKills(all, { loadBalancing: 'oldest' })[0]?.id).toBe('i8');
});

test('with drains, busy ones follow the idle ones, least busy first', () => {
  const uses: Record<string, number> = { i2: 2, i3: 0, i5: 1, i6: 3, i8: 3 };
  const all = candidates(HEALTHY, {}).map((each) => ({ ...each, inUse: uses[each.id] ?? 0 }));
  const order = chooseKills(all, { loadBalancing: 'oldest', includeBusy: true });
  expect(order.map(({ id }) => id)).toEqual(['i3', 'i5', 'i2', 'i8', 'i6']);
});

test('case 35: what is equal otherwise goes by service id, start and id', () => {
  const same = candidates([2, 3, 5], {}).map((each) => ({ ...each, startedAtMs: 7 }));
  const order = chooseKills([...same].reverse(), { loadBalancing: 'oldest' }).map(({ id }) => id);
  expect(order).toEqual(chooseKills(same, { loadBalancing: 'oldest' }).map(({ id }) => id));
  expect(order).toEqual(['i5', 'i3', 'i2']);
});

test('a staged instance counts as the youngest', () => {
  const staged = candidates([1, 4, 7], {}).map((each) =>
    each.id === 'i1' ? { ...each, startedAtMs: null } : each,
  );
  expect(chooseKills(staged, { loadBalancing: 'oldest' })[0]?.id).toBe('i1');
});

test('1.4: a random service prefers its youngest while it shrinks, so that the oldest go', () => {
  expect(effectiveLoadBalancing('random', true)).toBe('youngest');
  expect(effectiveLoadBalancing('random', false)).toBe('random');
  expect(effectiveLoadBalancing('oldest', true)).toBe('oldest');
});
