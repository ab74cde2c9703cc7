import { SchedulerError } from '../port';
import { retry } from './retry';

const transient = new SchedulerError('503', 503, true);

async function attempts(
  outcomes: (Error | string)[],
): Promise<{ calls: number; pauses: number[]; result: unknown }> {
  const pauses: number[] = [];
  let calls = 0;
  const operation = async (): Promise<unknown> => {
    const outcome = outcomes[calls++];
    if (outcome instanceof Error) throw outcome;
    return outcome;
  };
  const result = await retry(operation, { sleep: async (ms) => void pauses.push(ms) }).catch(
    (error: unknown) => error,
  );
  return { calls, pauses, result };
}

test('case 34: 3.3 five attempts with growing pauses, then the last error', async () => {
  expect(await attempts([transient, transient, transient, transient, transient, 'late'])).toEqual({
    calls: 5,
    pauses: [200, 300, 450, 675],
    result: transient,
  });
});

test('case 34: 3.3 stops at the first success', async () => {
  expect(await attempts([transient, transient, 'ok'])).toEqual({
    calls: 3,
    pauses: [200, 300],
    result: 'ok',
  });
});

test('case 34: 3.3 any other error is thrown at once', async () => {
  const refused = new SchedulerError('422', 422, false);
  expect(await attempts([transient, refused, 'ok'])).toEqual({ calls: 2, pauses: [200], result: refused });
  const bug = new TypeError('x');
  expect(await attempts([bug])).toEqual({ calls: 1, pauses: [], result: bug });
});

test('a signal ends the pause, and the error is the one that led to it', async () => {
  const closing = new AbortController();
  const waiting = retry(() => Promise.reject(transient), { signal: closing.signal });
  closing.abort();
  await expect(waiting).rejects.toBe(transient);
});
