import { afterFailure, unexpired, waitMs } from './launch-backoff';

const settings = { backoffSeconds: 2, backoffFactor: 1.5, maxLaunchDelaySeconds: 6 };

describe('launch backoff (4B.8)', () => {
  it('delays by backoffSeconds, then multiplies by backoffFactor up to maxLaunchDelaySeconds', () => {
    let backoff = afterFailure(undefined, settings, 0);
    const delays = [backoff.delayMs];
    for (let i = 0; i < 4; i++) {
      backoff = afterFailure(backoff, settings, 100 * i);
      delays.push(backoff.delayMs);
    }
    expect(delays).toEqual([2000, 3000, 4500, 6000, 6000]);
  });

  it('counts the delay from the last failure', () => {
    const backoff = afterFailure(undefined, settings, 1000);
    expect([
      waitMs(backoff, 1000),
      waitMs(backoff, 2500),
      waitMs(backoff, 3000),
      waitMs(backoff, 9000),
    ]).toEqual([2000, 500, 0, 0]);
    expect(waitMs(undefined, 0)).toBe(0);
  });

  it('starts over once the due time is older than maxLaunchDelaySeconds', () => {
    const backoff = afterFailure(afterFailure(undefined, settings, 0), settings, 0);
    expect(unexpired(backoff, settings, 9000)).toBe(backoff);
    expect(unexpired(backoff, settings, 9001)).toBeUndefined();
    expect(afterFailure(backoff, settings, 9001).delayMs).toBe(2000);
  });

  it('keeps a floor below which a failing command cannot spin', () => {
    expect(afterFailure(undefined, { ...settings, backoffSeconds: 0 }, 0).delayMs).toBe(50);
  });
});
