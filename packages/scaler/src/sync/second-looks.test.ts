import { SecondLooks } from './second-looks';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

function make() {
  const seen: string[] = [];
  const errors: unknown[] = [];
  let fails = false;
  const looks = new SecondLooks(
    {
      one: (id) => {
        seen.push(id);
        return fails ? Promise.reject(new Error(`no answer for ${id}`)) : Promise.resolve();
      },
      everything: async () => void seen.push('everything'),
    },
    () => performance.now(),
    (error) => errors.push(error),
  );
  return { seen, errors, looks, fail: (now: boolean) => (fails = now) };
}

test('a few are asked for one by one, each once', async () => {
  const { looks, seen } = make();
  for (const id of ['a', 'b', 'a']) looks.want(id);
  expect(seen).toEqual([]);
  await jest.advanceTimersByTimeAsync(100);
  expect(seen).toEqual(['a', 'b']);
});

test('many are asked for in one list', async () => {
  const { looks, seen } = make();
  for (let n = 0; n < 9; n++) looks.want(`s${n}`);
  await jest.advanceTimersByTimeAsync(100);
  expect(seen).toEqual(['everything']);
});

test('what comes after a look waits for the next one', async () => {
  const { looks, seen } = make();
  looks.want('a');
  await jest.advanceTimersByTimeAsync(100);
  looks.want('b');
  await jest.advanceTimersByTimeAsync(900);
  expect(seen).toEqual(['a']);
  await jest.advanceTimersByTimeAsync(100);
  expect(seen).toEqual(['a', 'b']);
});

test('a failure is told and does not end it', async () => {
  const { looks, seen, errors, fail } = make();
  fail(true);
  looks.want('a');
  await jest.advanceTimersByTimeAsync(100);
  expect(errors).toHaveLength(1);
  fail(false);
  looks.want('b');
  await jest.advanceTimersByTimeAsync(1_000);
  expect(seen).toEqual(['a', 'b']);
});

test('nothing is asked for after the end', async () => {
  const { looks, seen } = make();
  looks.want('a');
  looks.stop();
  await jest.advanceTimersByTimeAsync(5_000);
  expect(seen).toEqual([]);
});
