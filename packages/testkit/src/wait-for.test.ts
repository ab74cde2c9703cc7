import { waitFor } from './wait-for';

describe('waitFor', () => {
  it('resolves with the first truthy value', async () => {
    let calls = 0;
    expect(await waitFor('three calls', () => ++calls === 3 && `${calls}`, { intervalMs: 1 })).toBe('3');
  });

  it('takes a probe that throws or rejects as "not yet"', async () => {
    let calls = 0;
    const probe = async (): Promise<boolean> => {
      if (++calls < 3) throw new Error('too early');
      return true;
    };
    await expect(waitFor('the third call', probe, { intervalMs: 1 })).resolves.toBe(true);
  });

  it('tells what was awaited, the last value, the last error, and where', async () => {
    const failing = waitFor(
      'a miracle',
      () => {
        throw new Error('no miracle today');
      },
      { timeoutMs: 5, intervalMs: 1 },
    );
    const error = await failing.catch((caught: unknown) => caught as Error);
    expect(error).toBeInstanceOf(Error);
    expect((error as Error).message).toMatch(
      /waited 5 ms for a miracle; last value: none; .*no miracle today/,
    );
    expect((error as Error).stack).toContain('wait-for.test.ts');
    await expect(waitFor('zero', () => 0, { timeoutMs: 5, intervalMs: 1 })).rejects.toThrow('last value: 0');
  });

  it('gives up a probe that hangs', async () => {
    const hanging = (): Promise<true> => new Promise(() => undefined);
    await expect(waitFor('an answer', hanging, { timeoutMs: 10 })).rejects.toThrow(
      'did not answer before the deadline',
    );
  });
});
