import { filterFairly } from './fair';

it('keeps what passes, in order, and lets timers run in between', async () => {
  let turns = 0;
  const timer = setInterval(() => (turns += 1), 1);
  const busy = (n: number): boolean => {
    const until = performance.now() + 1;
    while (performance.now() < until);
    return n % 2 === 0;
  };
  const kept = await filterFairly([...Array(60).keys()], busy);
  clearInterval(timer);
  expect(kept).toEqual([...Array(30).keys()].map((n) => 2 * n));
  expect(turns).toBeGreaterThan(3);
});
