import { Nudges } from './nudges';

test('a burst of nudges becomes one now and one after', async () => {
  const sent: string[] = [];
  const finish: (() => void)[] = [];
  const nudges = new Nudges(
    (service) => {
      sent.push(service);
      return new Promise((resolve) => finish.push(resolve));
    },
    () => undefined,
  );
  for (let i = 0; i < 5; i += 1) nudges.nudge('a');
  nudges.nudge('b');
  expect(sent).toEqual(['a', 'b']);
  finish[0]?.();
  await new Promise(setImmediate);
  expect(sent).toEqual(['a', 'b', 'a']);
  finish[1]?.();
  finish[2]?.();
  await new Promise(setImmediate);
  nudges.nudge('a');
  expect(sent).toEqual(['a', 'b', 'a', 'a']);
});

test('an error is reported and does not stop the next one', async () => {
  const errors: unknown[] = [];
  const nudges = new Nudges(
    () => Promise.reject(new Error('away')),
    (error) => errors.push(error),
  );
  nudges.nudge('a');
  nudges.nudge('a');
  await new Promise(setImmediate);
  expect(errors).toHaveLength(2);
});
