/** So many at once, that a hundred thousand sockets are not needed for two thousand of them. */
const AT_ONCE = 16;

/** Does the work for every item, a few at a time. @throws the first error */
export async function inTurns<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const left = [...items].reverse();
  const one = async (): Promise<void> => {
    for (let item = left.pop(); item !== undefined; item = left.pop()) await work(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
}
